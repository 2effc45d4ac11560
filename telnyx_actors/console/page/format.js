// Figures as people read them. Pure.

/** 3.4 s, 12:07, 1:02:33 */
export function span(ms) {
  const total = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** 640 ms, 1.24 s */
export function millis(ms, language) {
  if (ms === null || ms === undefined) return "–";
  if (Math.abs(ms) < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toLocaleString(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 })} s`;
}

export function count(number, language) {
  return (number ?? 0).toLocaleString(language);
}

export function clock(ms, language) {
  return new Date(ms).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** engine/8f3a…/speaker → speaker; engine/8f3a9c… → 8f3a9c */
export function shortPath(path) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return /^[0-9a-f]{32}$/.test(name) ? name.slice(0, 6) : name;
}
