// What the recorded caller can say: mu-law files beside this one, made by `python -m bench.page`.

export const PHRASES = [
  { file: "caller_1.ulaw", text: "Buenas tardes, quisiera pedir una cita para mañana." },
  { file: "caller_2.ulaw", text: "¿A qué hora abren los sábados?" },
  { file: "caller_3.ulaw", text: "Muchas gracias, hasta luego." },
];
