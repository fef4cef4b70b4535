"""Certificates that are made on the spot."""
import subprocess


def certificate(folder):
    """A certificate of 127.0.0.1 that signs itself, and its key: paths of two files."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made],
        check=True, capture_output=True)
    return made, key
