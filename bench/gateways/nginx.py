"""nginx as a plain reverse proxy: the floor. One worker, no access log, answers not buffered, connections kept."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.cases import DIALECTS
from bench.gateways.gateway import Gateway, Launch, Place

_CONFIG = """
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream provider {{
    server {upstream};
    keepalive 1024;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


def _install(prefix: Path) -> Sequence[Sequence[str]]:
    """The whole system has one nginx; the folder is not used."""
    return ("apt-get", "update", "-qq"), ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx-light")


def _launch(place: Place) -> Launch:
    config = place.folder / "nginx.conf"
    upstream = place.upstream.removeprefix("http://")
    config.write_text(_CONFIG.format(folder=place.folder, port=place.port, upstream=upstream))
    return Launch(
        ["nginx", "-p", str(place.folder), "-e", str(place.folder / "error.log"), "-c", str(config)],
        models=dict.fromkeys(DIALECTS, ""),
    )


def _version(prefix: Path) -> str:
    done = subprocess.run(["nginx", "-v"], check=False, capture_output=True, text=True, timeout=10)
    return done.stderr.strip().rpartition("/")[2]


NGINX = Gateway(
    name="nginx",
    title="nginx",
    settings="reverse proxy, one worker, access log off, buffering off",
    install=_install,
    launch=_launch,
    version=_version,
    ways=tuple((dialect, dialect) for dialect in DIALECTS),  # it translates nothing
)
