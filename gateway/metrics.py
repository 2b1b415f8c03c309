"""What /metrics shows: requests, and at each scrape what the actors and the journal stand at."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.core import Supervisor
from gateway.health import Health
from gateway.sockets import Sockets

# From below a cached read to the request's deadline.
LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class RequestMetrics:
    """The children of one class of routes, kept: looking a child up costs more than counting."""

    def __init__(self, requests: Counter, latency: Histogram, route_class: str) -> None:
        self._requests = requests
        self._route_class = route_class
        self._latency = latency.labels(route_class)
        self._by_status: dict[int, Counter] = {}

    def observe(self, status: int, seconds: float) -> None:
        child = self._by_status.get(status)
        if child is None:
            child = self._by_status[status] = self._requests.labels(self._route_class, str(status))
        child.inc()
        self._latency.observe(seconds)


class Metrics:
    """One registry, made for one gateway."""

    def __init__(self, supervisor: Supervisor, health: Health) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "rialto_requests", "HTTP requests that were answered", ("class", "status"), registry=self.registry
        )
        self._latency = Histogram(
            "rialto_request_seconds",
            "From a request's head to its answer",
            ("class",),
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.in_flight = Gauge("rialto_requests_in_flight", "HTTP requests under way", registry=self.registry)
        self.sockets = Sockets(self.registry)
        self.registry.register(ExchangeCollector(supervisor, health))

    def of_class(self, route_class: str) -> RequestMetrics:
        return RequestMetrics(self._requests, self._latency, route_class)

    def text(self) -> bytes:
        """Write everything in the exposition format."""
        return generate_latest(self.registry)


class ExchangeCollector(Collector):
    """Reads the supervisor's statistics when somebody scrapes."""

    def __init__(self, supervisor: Supervisor, health: Health) -> None:
        self._supervisor = supervisor
        self._health = health

    def collect(self) -> Iterator[Metric]:
        reports = self._supervisor.statistics()
        waiting = GaugeMetricFamily("rialto_mailbox_depth", "Letters that wait for an actor", labels=("actor",))
        waiting_max = GaugeMetricFamily("rialto_mailbox_depth_max", "The most that ever waited", labels=("actor",))
        letters = CounterMetricFamily("rialto_letters", "Letters handled since an actor's start", labels=("actor",))
        batches = CounterMetricFamily("rialto_batches", "Batches handled since an actor's start", labels=("actor",))
        restarts = CounterMetricFamily("rialto_restarts", "Restarts after crashes", labels=("actor",))
        for report in reports:
            name = (report.name,)
            waiting.add_metric(name, report.waiting)
            waiting_max.add_metric(name, report.waiting_max)
            letters.add_metric(name, report.letters)
            batches.add_metric(name, report.batches)
            restarts.add_metric(name, report.restarts)
        yield from (waiting, waiting_max, letters, batches, restarts)
        yield CounterMetricFamily("rialto_commits", "Rows of the journal", value=self._health.commits)
        away = GaugeMetricFamily("rialto_database_away", "1 while the database can't be reached")
        away.add_metric((), float(self._health.database_away))
        yield away
