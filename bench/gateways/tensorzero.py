"""TensorZero. PyPI has no gateway binary, but its client carries the whole gateway and can serve it over HTTP."""

import shutil
from pathlib import Path

from bench.cases import MODELS
from bench.gateways.gateway import Gateway, Launch, Place
from bench.gateways.pypi import install_from_pypi, pypi_version

_HEAD = """
[gateway]
observability.enabled = false
disable_pseudonymous_usage_analytics = true
"""
_MODEL = """
[models.{model}]
routing = ["bench"]
[models.{model}.providers.bench]
type = "openai"
model_name = "{model}"
api_base = "{upstream}/v1"
api_key_location = "none"
"""


def _launch(place: Place) -> Launch:
    config = place.folder / "tensorzero.toml"
    models = (_MODEL.format(model=model, upstream=place.upstream) for model in MODELS)
    config.write_text(_HEAD + "".join(models))
    # Copied, so that it runs in TensorZero's environment without this package on its path.
    script = shutil.copy(Path(__file__).with_name("tensorzero_serve.py"), place.folder)
    base_file = place.folder / "base"
    return Launch(
        [str(place.prefix / "bin" / "python"), str(script), str(config), str(base_file)],
        paths={"chat": "/chat/completions"},
        models={"chat": "tensorzero::model_name::"},
        env={"RUST_LOG": "off", "TENSORZERO_DISABLE_PSEUDONYMOUS_USAGE_ANALYTICS": "1"},
        base_file=base_file,
    )


TENSORZERO = Gateway(
    name="tensorzero",
    title="TensorZero",
    settings="the gateway inside its Python package, no database, observability and analytics off, log off",
    install=install_from_pypi("tensorzero"),
    launch=_launch,
    version=pypi_version("tensorzero"),
)
