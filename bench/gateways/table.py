"""Every gateway that can be measured, in the order of the report."""

from bench.gateways.gateway import Gateway
from bench.gateways.litellm import LITELLM
from bench.gateways.nginx import NGINX
from bench.gateways.openclaw import OPENCLAW, OPENCLAW_KEY
from bench.gateways.portkey import PORTKEY
from bench.gateways.smg import SMG
from bench.gateways.tensorzero import TENSORZERO

GATEWAYS: dict[str, Gateway] = {
    gateway.name: gateway for gateway in (NGINX, OPENCLAW, OPENCLAW_KEY, TENSORZERO, SMG, PORTKEY, LITELLM)
}
