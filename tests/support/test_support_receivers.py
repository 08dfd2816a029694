"""The webhook receiver, seen through httpx and a signing library."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from notifier.simulator.server import Simulator
from notifier.simulator.world import World
from support.certificates import Certificate, self_signed
from support.loopback import Ending, Reply
from support.receivers import Receiver

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"lead.created","name":"Åse 🌸"}'


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path)


def signed(*secrets: str, body: str = BODY) -> dict[str, str]:
    at = datetime.now(UTC)
    signatures = " ".join(Webhook(s).sign("evt_1", at, body) for s in secrets)
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }


async def post(url: str, headers: dict[str, str], body: str = BODY) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        return await client.post(url, content=body.encode(), headers=headers)


async def test_a_receiver_keeps_a_well_signed_event() -> None:
    async with Receiver(SECRET) as receiver:
        answer = await post(receiver.url, signed(OTHER, SECRET))
        await receiver.arrived(1)
        assert answer.status_code == 204
        assert receiver.received[0].event["name"] == "Åse 🌸"
        assert receiver.received[0].id == "evt_1"


@pytest.mark.parametrize(
    "headers", [{}, signed(OTHER), {**signed(SECRET), "webhook-timestamp": "1"}]
)
async def test_a_receiver_rejects_what_is_not_signed_right(headers: dict[str, str]) -> None:
    async with Receiver(SECRET) as receiver:
        assert (await post(receiver.url, headers)).status_code == 401
        assert (len(receiver.received), len(receiver.rejected)) == (0, 1)


async def test_a_receiver_with_two_secrets_wants_both_signatures() -> None:
    async with Receiver(SECRET, OTHER) as receiver:
        assert (await post(receiver.url, signed(SECRET))).status_code == 401
        assert (await post(receiver.url, signed(SECRET, OTHER))).status_code == 204


async def test_a_receiver_answers_as_scripted_and_then_as_always() -> None:
    gate = asyncio.Event()
    gate.set()
    late = Reply(status=503, headers={"retry-after": "7"}, gate=gate)
    async with Receiver(
        replies=[late, Reply(status=302, headers={"location": "/"})]
    ) as receiver:
        answers = [await post(receiver.url, {}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [503, 302, 204]
        assert answers[0].headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        (Ending.RESET, httpx.ReadError),
        (Ending.TRUNCATED, httpx.RemoteProtocolError),
        (Ending.HANG, httpx.ReadTimeout),
    ],
)
async def test_a_receiver_can_break_off(ending: Ending, error: type[Exception]) -> None:
    async with (
        Receiver(default=Reply(body=b"whole", ending=ending)) as receiver,
        httpx.AsyncClient(trust_env=False, timeout=0.2) as client,
    ):
        with pytest.raises(error):
            await client.post(receiver.url)


async def test_an_endless_body_goes_on_as_long_as_somebody_reads() -> None:
    endless = Reply(ending=Ending.ENDLESS)
    async with (
        Receiver(default=endless) as receiver,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("POST", receiver.url) as answer,
    ):
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > 1_000_000:
                break
        assert answer.status_code == 200
        assert read > 1_000_000


async def test_an_expired_certificate_is_not_believed(tmp_path: Path) -> None:
    expired = self_signed(tmp_path, expired=True)
    async with (
        Receiver(tls=expired.server()) as receiver,
        httpx.AsyncClient(trust_env=False, verify=expired.client()) as client,
    ):
        with pytest.raises(httpx.ConnectError, match="expired"):
            await client.post(receiver.url)


async def test_a_certificate_holds_for_its_names_alone(tmp_path: Path) -> None:
    other = self_signed(tmp_path, names="DNS:other.test")
    async with (
        Receiver(tls=other.server()) as receiver,
        httpx.AsyncClient(trust_env=False, verify=other.client()) as client,
    ):
        with pytest.raises(httpx.ConnectError, match="certificate is not valid"):
            await client.post(receiver.url)


async def test_the_simulator_speaks_tls_where_told(certificate: Certificate) -> None:
    world = World(clock=lambda: datetime.now(UTC))
    async with (
        Simulator(world, tls=certificate.server()) as simulator,
        httpx.AsyncClient(trust_env=False, verify=certificate.client()) as client,
    ):
        assert simulator.url.startswith("https://")
        assert (await client.get(f"{simulator.url}/_control/state")).status_code == 200
