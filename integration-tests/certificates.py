"""Certificates that sign themselves, for servers and clients on this host."""

import subprocess


def certificate(folder, name):
    """Returns its path; the key's is beside it."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                    "-out", folder / f"{name}.crt", "-keyout", folder / f"{name}.key"], check=True, capture_output=True)
    return folder / f"{name}.crt"
