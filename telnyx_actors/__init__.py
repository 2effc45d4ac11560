"""An actor-based telephony engine: phone conversations held by a tree of pykka actors."""

__version__ = "0.1.0"
