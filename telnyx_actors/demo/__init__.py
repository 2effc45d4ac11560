"""``make demo``: one call against local stand-ins of the vendors, shown as it happens and checked to the word.

    script ──▶ the caller and the model       stand-ins (a process) ◀──▶ the engine (run.py, a process)
                                                     │ what was really heard          │ its turns
    processes ── watch ── story ── show              ▼                                ▼
                                  evidence ──▶ figures, recording, check ──▶ summary, exit code

Nothing here is believed because the engine says so: what was said and heard, and when, is
read from the carrier's record of the call.
"""
