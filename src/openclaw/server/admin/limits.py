"""The limits that hold now: those of the configuration, and those that keys have of their own."""

from openclaw.budget.limits import Limits
from openclaw.server.admin.asked import Admin


def limits_now(admin: Admin) -> Limits:
    gateway = admin.gateway
    return Limits([*gateway.snapshot.spending.limits.all, *gateway.keys.own_limits()])
