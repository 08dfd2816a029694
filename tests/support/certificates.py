"""Certificates for loopback servers, made when a test asks for one."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A self-signed certificate: whoever trusts ``file`` trusts the server."""

    file: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """Return the context of a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        """Return the context of a client that trusts this certificate alone."""
        return ssl.create_default_context(cafile=str(self.file))


def self_signed(folder: Path, *, names: str = LOOPBACK, expired: bool = False) -> Certificate:
    """Make a certificate in ``folder`` for these subject alternative names."""
    made = Certificate(file=folder / "certificate.pem", key=folder / "key.pem")
    request = folder / "request.pem"
    days = -1 if expired else 2
    _openssl(
        *("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-subj", "/CN=test", "-addext", f"subjectAltName={names}"),
        *("-keyout", made.key, "-out", request),
    )
    _openssl(
        *("x509", "-req", "-copy_extensions", "copy", "-days", str(days)),
        *("-in", request, "-signkey", made.key, "-out", made.file),
    )
    return made


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
