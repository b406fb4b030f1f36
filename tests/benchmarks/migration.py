"""Target 12: applying and verifying, beside psql and pg_dump, near and 50 ms away."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg

from console import assets
from console.connection.embedded import EmbeddedServer, all_binaries
from tests.proxy import Proxy

ROWSIGHT = str(Path(sys.executable).parent / "rowsight")
FAR = 0.050


def fresh(server: EmbeddedServer, number: int) -> str:
    """A new database as a plain server would look, without the migration; its name."""
    name = f"run{number}"
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        connection.execute(assets.schema_file(assets.PLAIN_POSTGRES).read_bytes())
    return name


def timed(arguments: list[str]) -> tuple[float, str]:
    """Runs a program; seconds of the whole process and its standard output."""
    started = time.perf_counter()
    result = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, result.stdout


class Bench:
    """One server, reached directly and through a proxy that adds a round trip of 50 ms."""

    def __init__(self, server: EmbeddedServer, far: Proxy) -> None:
        self.server = server
        self.far = far
        self._databases = 0

    def database(self) -> tuple[str, str]:
        """A fresh database; its URLs near and far."""
        self._databases += 1
        name = fresh(self.server, self._databases)
        return (
            f"postgresql://postgres@127.0.0.1:{self.server.port}/{name}?sslmode=disable",
            f"postgresql://postgres@127.0.0.1:{self.far.profile.parameters['port']}/{name}?sslmode=disable",
        )

    def apply(self, *, far: bool) -> tuple[float, float]:
        """Seconds of the apply itself, and of the whole process."""
        whole, output = timed(
            [ROWSIGHT, "migrate", "apply", "--yes", "--json", "-d", self.database()[far]]
        )
        document = json.loads(output)
        assert document["applied"], document
        return document["elapsed_ms"] / 1000, whole

    def psql(self, psql: str, *, far: bool) -> float:
        """Seconds psql takes to run the file in one transaction."""
        path = str(assets.schema_file(assets.MASTER_MIGRATION))
        return timed([psql, "-qX1", "-v", "ON_ERROR_STOP=1", "-f", path, self.database()[far]])[0]

    def verify(self, url: str) -> tuple[float, float]:
        """Seconds of the verify itself (connection included), and of the whole process."""
        whole, output = timed([ROWSIGHT, "migrate", "verify", "--json", "-d", url])
        document = json.loads(output)
        assert document["verdict"] == "in_sync", document
        return document["elapsed_ms"] / 1000, whole


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--pg-dump", default="pg_dump", help="as new as the server, or newer")
    options = parser.parse_args()
    # pg_dump refuses a newer server: measure on the server that came with it.
    folder = Path(options.pg_dump).parent
    binaries = next((b for b in all_binaries() if b.folder == folder), None)
    with (
        EmbeddedServer(binaries=binaries, settings={"listen_addresses": "127.0.0.1"}) as server,
        closing(Proxy(server.profile(), delay=FAR / 2)) as far,
    ):
        bench = Bench(server, far)
        names = ("apply", "apply process", "psql", "verify", "verify process", "pg_dump -s")
        near: dict[str, list[float]] = {name: [] for name in names}
        away: dict[str, list[float]] = {name: [] for name in names}
        bench.apply(far=False)  # the databases' own caches are warm for everybody after this
        urls = bench.database()
        timed([ROWSIGHT, "migrate", "apply", "--yes", "--json", "-d", urls[0]])
        for repeat in range(options.repeats):
            for distance, results in ((False, near), (True, away)):
                if distance and repeat >= 2:
                    continue
                own, whole = bench.apply(far=distance)
                results["apply"].append(own)
                results["apply process"].append(whole)
                results["psql"].append(bench.psql(options.psql, far=distance))
                own, whole = bench.verify(urls[distance])
                results["verify"].append(own)
                results["verify process"].append(whole)
                results["pg_dump -s"].append(timed([options.pg_dump, "-s", urls[distance]])[0])
        print("| seconds | loopback | 50 ms away |\n| --- | --- | --- |")
        close = {name: statistics.median(values) for name, values in near.items()}
        distant = {name: statistics.median(values) for name, values in away.items()}
        for name in names:
            print(f"| {name} | {close[name]:.3f} | {distant[name]:.3f} |")
        print(f"\napply / psql, loopback: {close['apply'] / close['psql']:.2f} (1.2)")
        print(f"apply / psql, 50 ms away: {distant['apply'] / distant['psql']:.3f} (0.03)")
        print(f"verify, 50 ms away: {distant['verify'] / FAR:.1f} round trips (6)")
        ratio = distant["verify"] / distant["pg_dump -s"]
        print(f"verify / pg_dump -s, 50 ms away: {ratio:.3f} (0.08)")


if __name__ == "__main__":
    main()
