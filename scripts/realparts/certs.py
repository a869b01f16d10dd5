"""Certificates of a throw-away authority, for the parts that are started with --auth.

In: a folder. Out: ca.pem, server.{pem,key} for 127.0.0.1 and localhost, client.{pem,key} whose common name
is the etcd user that it stands for.
"""

import subprocess

CLIENT_NAME = "root"


def make(folder):
    """Does nothing if the folder has been filled before."""
    if (folder / "client.pem").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(folder, "req", "-x509", *_new_key("ca"), "-subj", "/CN=throw-away CA", "-days", "30", "-out",
             "ca.pem")
    _signed(folder, "server", "localhost", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    _signed(folder, "client", CLIENT_NAME, "extendedKeyUsage=clientAuth")


def _new_key(name):
    return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"


def _signed(folder, name, common_name, extension):
    _openssl(folder, "req", *_new_key(name), "-subj", f"/CN={common_name}", "-out", f"{name}.csr")
    (folder / f"{name}.ext").write_text(extension + "\n", encoding="utf-8")
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-CAcreateserial", "-days", "30", "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def _openssl(folder, *words):
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"parts: openssl {words[0]} failed:\n{done.stderr}")
