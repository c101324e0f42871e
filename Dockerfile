# The dashboard for a host with (or without) an NVIDIA GPU; PyTorch's wheel brings CUDA along.
#   docker build -t spiking-lab . && docker run --gpus all -p 8501:8501 -v lab-data:/data spiking-lab
FROM python:3.12-slim

RUN useradd --create-home lab && mkdir /data && chown lab /data
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=lab . .
USER lab
ENV SNNCORE_DATA=/data SNNCORE_STATE=/data/state PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=1
# Kernels are compiled into the image; another processor than the builder's compiles its own once.
RUN python -m snncore train --dataset digits --limit 300 --epochs 1
VOLUME /data
EXPOSE 8501
HEALTHCHECK CMD python -c "from urllib.request import urlopen as u; assert u('http://127.0.0.1:8501/_stcore/health').read() == b'ok'"
CMD ["streamlit", "run", "dashboard.py", "--server.headless", "true", "--server.address", "0.0.0.0"]
