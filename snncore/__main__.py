"""`python -m snncore`. With a broken library, `doctor` still runs and says which."""

import sys

try:
    from snncore.cli import main
except Exception as error:  # of whatever library does not load
    from snncore import doctor

    if sys.argv[1:2] == ["doctor"]:
        sys.exit(0 if doctor.report(doctor.examine()) else 1)
    print(f"error: {error}. `python -m snncore doctor` says what to fix.", file=sys.stderr)
    sys.exit(2)

main(prog_name="python -m snncore")
