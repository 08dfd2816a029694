"""One call to Slack, bounded in time and bytes; everything odd becomes a refusal.

The SDK builds the requests. Its retries are off, since the outbox retries, and
its sessions are ours: they read no environment and follow no redirect.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from notifier.cleaning import clean
from notifier.core.rows import Json
from notifier.destinations.http import no_answer, retry_after_s
from notifier.destinations.slack_faults import Refusal, code_in
from notifier.errors import TemporaryDeliveryError
from notifier.network.exchange import Answer, ask
from notifier.network.faults import ConnectionFault, fault_of, silent
from notifier.network.targets import target_of
from notifier.network.transport import Transport

MAX_ANSWER_BYTES = 2**22  # fifty messages of a channel, each as long as can be
MAX_TEXT = 1000
WEBHOOK = "the incoming webhook"
TAKEN = "ok"
JSON = {"content-type": "application/json; charset=utf-8"}

# What the SDK raises on a 200 with HTML, text, a list or a thousand brackets in it.
UNREADABLE = (
    SlackClientError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class UnusableAnswerError(Exception):
    """An answer we refuse to read on; its text is ours and holds no secret."""


class BoundedResponse(aiohttp.ClientResponse):
    """A response that is never a redirect to follow, and never endless."""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the headers; a redirect ends here, before anything is sent elsewhere."""
        await super().start(connection)
        if 300 <= self.status < 400:
            self.close()
            raise UnusableAnswerError("a redirect, which is not followed")
        return self

    async def read(self) -> bytes:
        """Return the body; raises :class:`UnusableAnswerError` beyond reason."""
        body = bytearray()
        async for chunk in self.content.iter_chunked(2**16):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                self.close()
                raise UnusableAnswerError("more than can be read")
        self._body = self._body or bytes(body)
        return self._body


class WebApi:
    """Slack's Web API with a bot token; ``base_url`` defaults to Slack's own."""

    def __init__(
        self, *, token: SecretStr, base_url: str | None, now: Callable[[], datetime]
    ) -> None:
        self._token = token
        self._base_url = base_url or AsyncWebClient.BASE_URL
        self._now = now
        self._transport = Transport(response_class=BoundedResponse)

    async def call(
        self,
        method: str,
        arguments: Mapping[str, Json],
        *,
        timeout_s: float,
        form: bool = False,
    ) -> Mapping[str, Json]:
        """Return Slack's successful answer; raises :class:`Refusal` for any other.

        ``form``: send a form, since the methods that only read take no JSON.
        Raises :class:`TemporaryDeliveryError` where no answer came in time.
        """
        return _kept(await self._called(method, arguments, timeout_s=timeout_s, form=form))

    async def page(
        self, method: str, arguments: Mapping[str, Json], name: str, *, timeout_s: float
    ) -> tuple[list[Mapping[str, object]], str]:
        """Return the mappings in an answer's list ``name``, and the cursor of the next page.

        The cursor is empty on the last page. Raises as :meth:`call` does.
        """
        answer = await self._called(method, arguments, timeout_s=timeout_s, form=True)
        entries, more = answer.get(name), answer.get("response_metadata")
        if not isinstance(entries, list):
            raise Refusal(method, 200)
        cursor = more.get("next_cursor") if isinstance(more, Mapping) else None
        found = [one for one in entries if isinstance(one, Mapping)]
        return found, cursor if isinstance(cursor, str) else ""

    async def _called(
        self, method: str, arguments: Mapping[str, Json], *, timeout_s: float, form: bool
    ) -> Mapping[str, object]:
        with _unanswered(method, timeout_s):
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._answer(method, arguments, form=form)
            except aiohttp.ClientError:
                raise  # some are ValueErrors as well
            except SlackApiError as error:
                raise self._refusal(method, error.response) from None
            except UNREADABLE:
                raise Refusal(method, 200) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def _answer(
        self, method: str, arguments: Mapping[str, Json], *, form: bool
    ) -> Mapping[str, object]:
        client = AsyncWebClient(
            token=self._token.get_secret_value(),
            base_url=self._base_url,
            session=self._transport.session,
            retry_handlers=[],
        )
        client.proxy = None  # it reads HTTPS_PROXY unasked
        body = dict(arguments)
        response = await client.api_call(
            method, data=body if form else None, json=None if form else body
        )
        if not isinstance(response.data, Mapping):
            raise Refusal(method, 200)
        return response.data

    def _refusal(self, method: str, response: object) -> Refusal:
        match response:
            case AsyncSlackResponse():
                status, headers, code = (
                    response.status_code,
                    response.headers,
                    code_in(response.data),
                )
            case aiohttp.ClientResponse():
                status, headers, code = response.status, dict(response.headers), ""
            case _:
                status, headers, code = 200, {}, ""
        return Refusal(method, status, code, retry_after_s(headers, now=self._now()))


class IncomingWebhook:
    """An incoming webhook: one channel, no threads, answers in plain words."""

    def __init__(self, url: SecretStr, *, now: Callable[[], datetime]) -> None:
        self._target = target_of(url.get_secret_value())
        self._now = now
        self._transport = Transport()

    async def post(self, payload: Mapping[str, Json], *, timeout_s: float) -> None:
        """Post a message; raises as :meth:`WebApi.call` does."""
        body = json.dumps(payload).encode()
        request = self._target.request("POST", headers=JSON, body=body)
        with _unanswered(WEBHOOK, timeout_s):
            answer = await ask(self._transport, request, timeout_s=timeout_s)
        if not _is_yes(answer):
            code = code_in(answer.excerpt.strip())
            pause_s = retry_after_s(answer.headers, now=self._now())
            raise Refusal(WEBHOOK, answer.status, code, pause_s)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def _is_yes(answer: Answer) -> bool:
    """Whether an incoming webhook took the message: in words that may break off."""
    words = answer.excerpt.strip()
    of_yes = TAKEN.startswith(words) if answer.cut else words == TAKEN
    return answer.status == HTTPStatus.OK and of_yes


def _kept(answer: Mapping[str, object]) -> Mapping[str, Json]:
    """Return what may be of use in an answer, as text that everything here can carry.

    No list is, and nothing is that lies deeper than a channel's details.
    """
    return {
        clean(name): _plain(found)
        if not isinstance(found, Mapping)
        else {clean(inner): _plain(value) for inner, value in found.items()}
        for name, found in answer.items()
    }


def _plain(value: object) -> Json:
    if isinstance(value, str):
        return clean(value[:MAX_TEXT])
    return value if isinstance(value, bool | int | float) else None


@contextmanager
def _unanswered(method: str, timeout_s: float) -> Iterator[None]:
    # The errors' own texts may hold the webhook's URL, which is a secret.
    try:
        yield
    except TimeoutError:
        raise no_answer("Slack", silent(timeout_s)) from None
    except UnusableAnswerError as error:
        raise TemporaryDeliveryError(f"Slack answered {method} with {error}") from None
    except (ConnectionFault, aiohttp.ClientError, OSError) as error:
        raise no_answer("Slack", fault_of(error)) from None
