// Everything the page says, in Spanish and English.

const WORDS = {
  es: {
    skip: "Ir al contenido", views: "Vistas", calls: "Llamadas", actors: "Actores", health: "Salud", phone: "Softphone",
    figures: "Estado del motor", logout: "Salir", language: "English", languageLabel: "Switch to English",
    themeAuto: "Auto", themeLight: "Claro", themeDark: "Oscuro", themeLabel: "Colores",
    token: "Token de la API (API_TOKEN)", wrongToken: "Ese token no es el de este motor.", enter: "Entrar",
    linked: "En vivo", unlinked: "Sin conexión; reintentando…",
    inProgress: "En curso", ofTotal: (n) => `de ${n} en total`, filled: "que se llenaron", p50: "Respuesta p50", p95: "Respuesta p95", lastHour: "última hora",
    lag: "Retraso del front", crashes: "Caídas", actorCount: "actores", deadAir: "Silencios", mode: "modo",
    stuck: "Atascado", stuckText: (name, seconds, message) => `${name} lleva ${seconds} s con ${message || "lo mismo"}`,
    live: "En curso", ended: "Terminadas", noCalls: "No hay llamadas en curso.", pick: "Elija una llamada para verla por dentro.",
    noCallYet: "Aquí aparecerán las llamadas en cuanto empiecen.", search: "Buscar por nombre, número o id",
    dialling: "Marcando", ringing: "Sonando", answered: "Contestada", liveState: "Conversando", closing: "Despidiéndose",
    endedState: "Terminada", outgoing: "saliente", incoming: "entrante", web: "Navegador",
    turns: "turnos", response: "respuesta", failures: "fallos", hangup: "Colgar",
    sure: "¿Colgar ya?", yes: "Sí, colgar", no: "No", back: "Todas las llamadas", hangingUp: "Colgando…",
    conversation: "Conversación", recording: "Grabación", events: "Sucesos", parts: "Actores de la llamada",
    caller: "Cliente", agent: "Agente", notHeard: "no se oyó", nothingHeard: "No se oyó nada", preparing: "preparando",
    greeting: "saludo", reply: "respuesta", prompt: "insistencia", say: "operador", recovery: "recuperación", goodbye: "despedida",
    completed: "completo", interrupted: "interrumpido", failed: "falló", call_ended: "fin de la llamada",
    hearing: "Oír", thinking: "Pensar", speaking: "Hablar", held: "Retenido", whole: "En total", carrier: "En el oído", guess: "especulativo",
    committed: "turno concedido", filler: "muletilla", firstToken: "primera palabra", attempts: "intentos", tokens: "tokens",
    part: "Parte", from: "Desde", took: "Duró", ofWhichGuess: "Especulativo",
    filter: "Filtrar sucesos", kindEvent: "Eventos", kindAction: "Acciones", kindIncident: "Incidentes", alsoFrequent: "Frecuentes", onlyFailures: "Solo fallos",
    shown: (some, all) => `${some} de ${all}`, noEvents: "Nada pasa el filtro.",
    loadRecording: "Ver y oír la grabación", loading: "Cargando…", recordingLater: "La grabación aparece cuando la llamada termina y queda archivada.",
    play: "Reproducir", pause: "Pausa", position: "Posición", download: "Descargar WAV", transcriptFile: "Transcripción (JSON)",
    usage: (u) => `${u.requests} ${u.requests === 1 ? "petición" : "peticiones"} al modelo (${u.requests_wasted} sin usar) · ${u.tokens} tokens · ${u.characters} letras habladas`,
    actor: "Actor", class: "Clase", state: "Estado", mailbox: "Buzón", most: "Máximo", restarts: "Reinicios", lost: "Perdidos",
    idle: "en espera", busy: "ocupado", stuckState: "atascado",
    responses: "Tiempo de respuesta", responsesText: "De la última palabra del cliente al primer audio de la respuesta, última hora.",
    distribution: "Distribución", whereTime: "Adónde se va el tiempo", why: "Por qué terminaron", silences: "Silencios que hubo que llenar",
    vendorFailures: "Fallos de proveedores", crashList: "Caídas", none: "Ninguno", answers: "respuestas", minutesAgo: (n) => `hace ${n} min`, now: "ahora",
    times: "Veces", reason: "Motivo", fault: "De quién", vendor: "Proveedor", kind: "Clase", rung: "Remedio", cause: "Por esperar a", target: "objetivo p95 < 2,5 s",
    phoneBlank: "Mientras habla, la llamada se ve aquí por dentro.", phoneTitle: "Hable con el agente desde aquí", phoneText: "Su micrófono entra por el mismo camino que Telnyx: mu-law a 8 kHz, marcas y cortes incluidos. Con claves reales y sin número de teléfono, es una demostración completa.",
    callMic: "Llamar con el micrófono", callScript: "Llamar sin micrófono", hangupPhone: "Colgar", mute: "Silenciar", unmute: "Quitar silencio",
    you: "Usted", scripted: "Cliente grabado", scriptedText: "Frases grabadas, para máquinas sin micrófono.", phoneIdle: "Listo", phoneCalling: "Llamando…", phoneTalking: "En llamada", phoneEnded: "Llamada terminada",
    micDenied: "El navegador no dio acceso al micrófono. Puede llamar con el cliente grabado.", micInsecure: "El micrófono solo se puede usar en localhost o por HTTPS. Puede llamar con el cliente grabado.",
    levels: "Niveles",
    ours: "nuestra", provider: "proveedor", callerFault: "cliente", carrierFault: "operadora", noFault: "de nadie",
    thinkingOf: "pensar", speakingOf: "hablar", hearingOf: "oír", fillerRung: "muletilla", hedge: "segunda pregunta", apology: "disculpa", reassurance: "otra muletilla", give_up: "rendirse",
  },
  en: {
    skip: "Skip to content", views: "Views", calls: "Calls", actors: "Actors", health: "Health", phone: "Softphone",
    figures: "State of the engine", logout: "Sign out", language: "Español", languageLabel: "Cambiar a español",
    themeAuto: "Auto", themeLight: "Light", themeDark: "Dark", themeLabel: "Colours",
    token: "API token (API_TOKEN)", wrongToken: "That is not this engine's token.", enter: "Sign in",
    linked: "Live", unlinked: "Disconnected; trying again…",
    inProgress: "In progress", ofTotal: (n) => `of ${n} in all`, filled: "that were filled", p50: "Response p50", p95: "Response p95", lastHour: "last hour",
    lag: "Front lag", crashes: "Crashes", actorCount: "actors", deadAir: "Silences", mode: "mode",
    stuck: "Stuck", stuckText: (name, seconds, message) => `${name} has been at ${message || "the same"} for ${seconds} s`,
    live: "In progress", ended: "Ended", noCalls: "No calls in progress.", pick: "Choose a call to look inside.",
    noCallYet: "Calls will appear here as soon as they begin.", search: "Search by name, number or id",
    dialling: "Dialling", ringing: "Ringing", answered: "Answered", liveState: "Talking", closing: "Saying goodbye",
    endedState: "Ended", outgoing: "outgoing", incoming: "incoming", web: "Browser",
    turns: "turns", response: "response", failures: "failures", hangup: "Hang up",
    sure: "Hang up now?", yes: "Yes, hang up", no: "No", back: "All calls", hangingUp: "Hanging up…",
    conversation: "Conversation", recording: "Recording", events: "Events", parts: "Actors of this call",
    caller: "Caller", agent: "Agent", notHeard: "not heard", nothingHeard: "Nothing was heard", preparing: "preparing",
    greeting: "greeting", reply: "reply", prompt: "prompt", say: "operator", recovery: "recovery", goodbye: "goodbye",
    completed: "completed", interrupted: "interrupted", failed: "failed", call_ended: "call ended",
    hearing: "Hearing", thinking: "Thinking", speaking: "Speaking", held: "Held", whole: "In all", carrier: "In the ear", guess: "speculative",
    committed: "turn given", filler: "filler", firstToken: "first word", attempts: "attempts", tokens: "tokens",
    part: "Part", from: "From", took: "Took", ofWhichGuess: "Speculative",
    filter: "Filter events", kindEvent: "Events", kindAction: "Actions", kindIncident: "Incidents", alsoFrequent: "Frequent", onlyFailures: "Failures only",
    shown: (some, all) => `${some} of ${all}`, noEvents: "Nothing passes the filter.",
    loadRecording: "See and hear the recording", loading: "Loading…", recordingLater: "The recording appears when the call is over and archived.",
    play: "Play", pause: "Pause", position: "Position", download: "Download WAV", transcriptFile: "Transcript (JSON)",
    usage: (u) => `${u.requests} model ${u.requests === 1 ? "request" : "requests"} (${u.requests_wasted} unused) · ${u.tokens} tokens · ${u.characters} letters spoken`,
    actor: "Actor", class: "Class", state: "State", mailbox: "Mailbox", most: "Most", restarts: "Restarts", lost: "Lost",
    idle: "idle", busy: "busy", stuckState: "stuck",
    responses: "Response time", responsesText: "From the caller's last word to the first audio of the reply, last hour.",
    distribution: "Distribution", whereTime: "Where the time goes", why: "Why they ended", silences: "Silences that had to be filled",
    vendorFailures: "Vendor failures", crashList: "Crashes", none: "None", answers: "responses", minutesAgo: (n) => `${n} min ago`, now: "now",
    times: "Times", reason: "Reason", fault: "Whose", vendor: "Vendor", kind: "Kind", rung: "Remedy", cause: "Waiting for", target: "target p95 < 2.5 s",
    phoneBlank: "While you talk, the call can be seen here from the inside.", phoneTitle: "Talk to the agent from here", phoneText: "Your microphone takes the same way in as Telnyx: mu-law at 8 kHz, marks and clears included. With real keys and no phone number it is a complete demo.",
    callMic: "Call with the microphone", callScript: "Call without a microphone", hangupPhone: "Hang up", mute: "Mute", unmute: "Unmute",
    you: "You", scripted: "Recorded caller", scriptedText: "Recorded phrases, for machines without a microphone.", phoneIdle: "Ready", phoneCalling: "Calling…", phoneTalking: "On the call", phoneEnded: "Call ended",
    micDenied: "The browser gave no access to the microphone. You can call with the recorded caller.", micInsecure: "The microphone works on localhost or over HTTPS only. You can call with the recorded caller.",
    levels: "Levels",
    ours: "ours", provider: "provider", callerFault: "caller", carrierFault: "carrier", noFault: "nobody's",
    thinkingOf: "thinking", speakingOf: "speaking", hearingOf: "hearing", fillerRung: "filler", hedge: "second request", apology: "apology", reassurance: "another filler", give_up: "give up",
  },
};

const KEPT = "telnyx_actors.language";

/** "es" or "en": what was chosen, or else what the browser prefers. */
export function language() {
  const chosen = localStorage.getItem(KEPT);
  if (chosen in WORDS) return chosen;
  return navigator.languages.map((each) => each.slice(0, 2)).find((each) => each in WORDS) ?? "es";
}

export function switchLanguage() {
  localStorage.setItem(KEPT, language() === "es" ? "en" : "es");
}

/** A text, or what a function of them makes of the arguments. A word that is not ours comes back as it is. */
export function t(key, ...more) {
  const word = WORDS[language()][key] ?? key;
  return typeof word === "function" ? word(...more) : word;
}

/** The fixed texts of a page. */
export function translate(root) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
}

export const missing = () => Object.keys(WORDS.es).filter((key) => !(key in WORDS.en)).concat(Object.keys(WORDS.en).filter((key) => !(key in WORDS.es)));
