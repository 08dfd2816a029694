"""A plugin for the tests that share a certificate and servers, started when needed."""

from collections.abc import Iterator

import pytest
from benches import Stand
from broker_servers import Servers

from support.certificates import self_signed


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Stand:
    certificate = self_signed(tmp_path_factory.mktemp("certificate"))
    return Stand(certificate=certificate, servers=servers)
