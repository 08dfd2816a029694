"""``doctor`` at the door for clicks on Slack cards."""

from collections.abc import AsyncIterator
from pkgutil import resolve_name

from pydantic import SecretStr

from notifier.cli.findings import Finding, doubtful, wrong
from notifier.clocks import Clocks
from notifier.configuration.settings import Settings
from notifier.errors import BusyError, StoreError
from notifier.store import service_state
from notifier.store.engine import Engine, opened_read_only
from notifier.store.service_state import SlackConnections

CHECK = "Slack buttons"


async def check_clicks(settings: Settings, engine: Engine) -> AsyncIterator[Finding]:
    """Yield whether an app-level token opens connections, and whether they are all ours."""
    if settings.slack_app_token is None:
        return
    yield await _token(settings.slack_app_token, settings.slack_api_url)
    if (found := _connections(engine)) and found.counted > found.held:
        yield doubtful(
            CHECK,
            f"Slack counts {found.counted} connections of the app, the service {found.held}",
            "stop what else uses this app's token: it gets some of the clicks; what nobody "
            "reads any more Slack gives up within some hours",
        )


async def _token(token: SecretStr, api_url: str) -> Finding:
    # Loaded only here: a start of the command line must not wait for Slack's SDK.
    fault = await resolve_name("notifier.slack_actions.listener:refusal_of")(token, api_url)
    if fault is None:
        return Finding(check=CHECK, found="the app-level token opens connections")
    return wrong(CHECK, str(fault), fault.remedy or "may this host reach Slack? Try again")


def _connections(engine: Engine) -> SlackConnections | None:
    """Return how the running service's connections are, by its own word."""
    try:
        if not engine.exists():
            return None
        with opened_read_only(engine) as session:
            told = service_state.read(session)
    except (StoreError, BusyError):
        return None  # told of the database already
    return service_state.slack(told, now_ms=Clocks().now_ms())
