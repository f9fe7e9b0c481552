"""What others may use of the dialects: both ends of every codec, and the profiles."""

from pitboss.dialects.codecs import CODECS
from pitboss.dialects.model import Asked, Credential, Dialect, Document, Said, Sent, Terms
from pitboss.dialects.profiles import Vendor, code_of, resolve, switch_rows, vendors

__all__ = [
    "CODECS",
    "Asked",
    "Credential",
    "Dialect",
    "Document",
    "Said",
    "Sent",
    "Terms",
    "Vendor",
    "code_of",
    "resolve",
    "switch_rows",
    "vendors",
]
