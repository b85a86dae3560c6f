"""smg (Shepherd Model Gateway), the Rust router, in front of one HTTP worker."""

from bench.cases import MODELS
from bench.gateways.gateway import Gateway, Launch, Place
from bench.gateways.pypi import install_from_pypi, pypi_version
from bench.processes import free_port


def _launch(place: Place) -> Launch:
    # A worker has one model for it, the first that it lists; the name in the request travels on as it is.
    canonical, *others = MODELS
    aliases = [part for model in others for part in ("--model-alias", f"{model}={canonical}")]
    return Launch(
        [
            *(str(place.prefix / "bin" / "smg"), "launch", "--host", "127.0.0.1", "--port", str(place.port)),
            *("--worker-urls", place.upstream, "--policy", "round_robin", "--log-level", "error"),
            *("--history-backend", "none", "--disable-health-check", "--disable-load-monitoring"),
            # The listener for metrics cannot be switched off; a port of its own keeps it from a neighbour's.
            *("--prometheus-host", "127.0.0.1", "--prometheus-port", str(free_port())),
            *("--max-concurrent-requests", "8192"),
            *aliases,
        ],
        models={"chat": "", "messages": "", "responses": ""},
    )


SMG = Gateway(
    name="smg",
    title="smg",
    settings="one HTTP worker, round robin, log level error, history, health checks and load monitoring off",
    install=install_from_pypi("smg"),
    launch=_launch,
    ways=(("chat", "chat"), ("messages", "messages"), ("responses", "responses")),
    version=pypi_version("smg"),
)
