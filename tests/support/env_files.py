"""``.env`` files as the team has them: the checklist's, and that of the service being replaced."""

from __future__ import annotations

from typing import Final

X: Final = "x" * 21
"""What the checklist has in the place of every key."""

CHECKLIST_ENV: Final = f"""\
DEEPGRAM_API_KEY={X}
TELNYX_API_KEY={X}
CLAUDE_API_KEY={X}
ELEVENLABS_API_KEY={X}
AWS_ACCESS_KEY_ID={X}
AWS_SECRET_ACCESS_KEY={X}
AWS_REGION=us-east-1
AWS_BUCKET_NAME={X}
S3_BUCKET_FOLDER=audios
TELNYX_CONNECTION_ID={X}
TELNYX_PHONE_NUMBER=+576012345678
WEBHOOK_BASE_URL=https://tu-dominio.com
USE_MEDIA_STREAMS=true
TELNYX_TRANSCRIPTION_ENGINE=deepgram
TELNYX_TRANSCRIPTION_LANG=es
"""
"""Phase 2, with a number in the place of ``+xxxxxxxxxxxx``."""

REPLACED_SERVICE_ENV: Final = """\
# Servicio anterior
TELNYX_API_KEY="KEY0123_abc"
TELNYX_CONNECTION_ID='1293384261075731499'
export TELNYX_PHONE_NUMBER=+576012345678   # línea de la clínica
TELNYX_TRANSCRIPTION_ENGINE=google
TELNYX_TRANSCRIPTION_LANG=es
DEEPGRAM_API_KEY=dg
ANTHROPIC_API_KEY=sk-ant-api03-x$y
CLAUDE_MODEL=claude-3-haiku-20240307
ELEVENLABS_API_KEY=sk_1
ELEVENLABS_VOICE_ID=21m00Tcm4TlvDq8ikWAM
PORT=3000
WEBHOOK_BASE_URL=https://tu-dominio.com/
WS_STREAM_URL=wss://tu-dominio.com/stream/media
STREAM_TRACK=inbound
USE_MEDIA_STREAMS=false
AWS_REGION=us-east-1
AWS_ACCESS_KEY_ID=AKIA
AWS_SECRET_ACCESS_KEY=abc/def+ghi=
S3_BUCKET=clinica
S3_BUCKET_FOLDER=audios
MAX_RESPONSE_LENGTH=150
CONVERSATION_HISTORY_LIMIT=4
TRANSCRIPTION_MIN_CONFIDENCE=0.3
SILENCE_TIMEOUT_MS=20000
QUICK_REPLY_ENABLED=false
RUST_LOG=info,tower_http=debug
"""
