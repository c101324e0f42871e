// What happens in one step: its equation with the numbers of this step, and a sentence.

// Numbers as people write them: a real minus, never "−0.00".
function fixed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
}

// Up to `digits` decimals, none that say nothing.
function plain(value, digits = 4) {
  const text = fixed(value, digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// "+ 3" or "− 3": a term of a sum.
function term(value, digits) {
  const text = fixed(value, digits);
  return text.startsWith("−") ? `− ${text.slice(1)}` : `+ ${text}`;
}

function signed(value, digits) {
  const text = fixed(value, digits);
  return text.startsWith("−") ? text : `+${text}`;
}

// A factor: negative ones in brackets.
function bracket(value, digits) {
  const text = plain(value, digits);
  return text.startsWith("−") ? `(${text})` : text;
}

// One line of a formula: strings are text, [text] is a subscript, {r: text} the result.
function formula(parts) {
  const line = document.createElement("div");
  line.className = "formula";
  for (const part of parts) {
    if (typeof part === "string") {
      line.append(part);
    } else if (Array.isArray(part)) {
      const sub = document.createElement("sub");
      sub.textContent = part[0];
      line.append(sub);
    } else {
      const result = document.createElement("span");
      result.className = "result";
      result.textContent = part.r;
      line.append(result);
    }
  }
  return line;
}

// Needs `data` (what was sent), `v`, `at` (the step), `silent` (ms of rest in each step),
// `spikesOf` (step -> times), `digits` (of ms), `fine` (digits of mV) and `time(step)`.
class Teller {
  before() {
    return this.at > 0 ? this.v[this.at - 1] : this.data.variables[0].before;
  }

  // mV: a change that the numbers do not show.
  still() {
    return 0.5 * 10 ** -this.fine;
  }

  // The update of the LIF neuron in this step, with its numbers.
  lifStep() {
    const { lif, dt } = this.data;
    const k = this.at;
    const current = this.data.current[k];
    const [was, now] = [this.before(), this.v[k]];
    const goal = lif.v_rest + lif.r_m * current;
    const silent = lif.reset === "none" ? 0 : this.silent[k];
    const free = dt - silent;
    const times = this.spikesOf.get(k) || [];
    const ms = (value) => fixed(value, this.digits + 1);
    if (free < 1e-9) {
      const left = this.restLeft(k);
      const rest = left > 1e-9 ? `${ms(left)} ms of rest left.` : "The rest is over.";
      return {
        lines: [formula(["V = ", { r: `${fixed(now, this.fine)} mV` }, " (held)"])],
        words: `Refractory: the lid is on, the current is ignored. ${rest}`,
      };
    }
    const lines = [formula([
      "V", ["∞"], " = V", ["rest"], " + R·I = ",
      `${plain(lif.v_rest)} + ${plain(lif.r_m)}·${bracket(current, 4)} = ${fixed(goal, this.fine)} mV`,
    ])];
    const share = Math.exp(-free / lif.tau_m);
    const opened = silent > 0 ? `The lid opens at ${ms(this.time(k) + silent)} ms. ` : "";
    if (times.length && !lif.grid) {
      return { lines: [...lines, ...this.crossing(was, goal, silent, times[0])],
        words: opened + this.fired(times, ms) };
    }
    const raw = goal + (was - goal) * share;
    lines.push(formula([
      `β = e^(−${plain(free, this.digits + 1)}/${plain(lif.tau_m)}) = ${share.toFixed(this.fine + 2)}`,
    ]), formula([
      "V = V", ["∞"], " + (V − V", ["∞"], `)·β = ${fixed(goal, this.fine)} + (${fixed(was, this.fine)} `,
      `${term(-goal, this.fine)})·${share.toFixed(this.fine + 2)} = `, { r: `${fixed(raw, this.fine)} mV` },
    ]));
    if (times.length) return { lines, words: opened + this.fired(times, ms) };
    const gain = (goal - lif.v_rest) * (1 - share);
    const loss = (lif.v_rest - was) * (1 - share);
    const change = raw - was;
    let verb = change > 0 ? "rises" : "falls";
    if (Math.abs(change) < this.still()) verb = "stays";
    return {
      lines,
      words: `${opened}Inflow ${signed(gain, this.fine)} mV, leak ${signed(loss, this.fine)} mV: the voltage ` +
        (verb === "stays" ? "stays." : `${verb} by ${fixed(Math.abs(change), this.fine)} mV.`),
    };
  }

  // When the threshold is reached inside a step.
  crossing(was, goal, silent, time) {
    const { lif } = this.data;
    const wait = silent > 0 ? ` + ${fixed(silent, 4)}` : "";
    return [formula([
      "t* = τ·ln((V", ["∞"], " − V)/(V", ["∞"], ` − V`, ["th"], `))${wait} = ${plain(lif.tau_m)}·ln(`,
      `${fixed(goal - was, this.fine)}/${fixed(goal - lif.v_th, this.fine)})${wait} = `,
      { r: `${fixed(time - this.time(this.at), 4)} ms` }, " into the step",
    ])];
  }

  fired(times, ms) {
    const { lif, dt } = this.data;
    const now = this.v[this.at];
    const many = times.length > 1 ? `${times.length} spikes in this step, the first at ` : "";
    const where = many ? `${many}${ms(times[0])} ms` : `Reached ${plain(lif.v_th)} mV at ${ms(times[0])} ms: spike`;
    if (lif.reset === "none") return `${where}. Without a reset the voltage goes on from ${fixed(now, this.fine)} mV.`;
    const drop = lif.reset === "subtract" && lif.grid
      ? `minus ${plain(lif.v_th - lif.v_reset)} mV, so ${fixed(now, this.fine)} mV`
      : `reset to ${plain(lif.v_reset)} mV`;
    const length = lif.grid ? Math.floor(lif.t_ref / dt + 0.5) * dt : lif.t_ref;
    const rest = length > 0 ? `, ${plain(length)} ms of rest` : "";
    const last = times[times.length - 1];
    const again = !lif.grid && last + lif.t_ref < this.time(this.at + 1) - 1e-9
      ? `; then it charges again, to ${fixed(now, this.fine)} mV at the end of the step` : "";
    return `${where}, ${drop}${rest}${again}.`;
  }

  // ms of rest that remain at the end of step k.
  restLeft(k) {
    let left = 0;
    for (let j = k + 1; j < this.data.steps && this.silent[j] > 0; j++) {
      left += this.silent[j];
      if (this.silent[j] < this.data.dt - 1e-9) break;
    }
    return left;
  }

  // Every other model: each variable before and after the step.
  otherStep() {
    const k = this.at;
    const table = document.createElement("table");
    for (const { label, unit, before, values } of this.data.variables) {
      const was = k > 0 ? values[k - 1] : before;
      const row = table.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = label;
      row.append(head);
      row.insertCell().textContent = was === null ? "" : fixed(was, 4);
      row.insertCell().textContent = "→";
      const cell = row.insertCell();
      cell.textContent = `${fixed(values[k], 4)} ${unit}`;
      cell.className = "result";
    }
    const times = this.spikesOf.get(k) || [];
    const words = times.length
      ? `Spike at ${fixed(times[0], this.digits + 1)} ms.`
      : `${this.data.model}: before the step and after it.`;
    return { lines: [table], words };
  }
}
