"""Plans: duration and peers of a cell, reuse of processes, and progress."""

import msgspec
import pytest

from tuitrain.bench.parts import optimizer, scaling, throughput
from tuitrain.bench.peers import PEERS
from tuitrain.bench.plan import Case, Plan
from tuitrain.bench.progress import Forecast, ProgressDisplay, format_duration
from tuitrain.bench.protocol import Cell, TimingReply
from tuitrain.bench.results import Row, Trials
from tuitrain.bench.worker import Worker
from tuitrain.bench.worker_pool import WorkerPool


@pytest.fixture
def pool():
    with WorkerPool() as pool:
        yield pool


def test_a_peer_that_is_left_out_of_a_cell_has_its_reason_in_the_row(fake, requests, pool):
    peers = [fake("0.5", "tuitrain"), fake("2.0", "slow")]
    plan = Plan(rounds=2, seconds=0.3, peers=peers, pool=pool)
    case = plan.case("LeNet", Cell(), 1, left_out={"slow": "it is slow"})
    assert case.cells == ("LeNet",)
    assert case.seconds == pytest.approx(peers[0].setup + 2 * 0.3)
    (row,) = case.measure()
    assert row.trials["slow"] == Trials(problem="left out: it is slow")
    assert requests() == ["0.5 lenet"] * 2


def test_processes_are_reused_while_the_same_workers_are_requested(fake, pool):
    peers = [fake("pid", "tuitrain"), fake("pid", "other")]
    plan = Plan(peers=peers, pool=pool)

    def pids(*args, **kwargs):
        return [worker.request(Cell(), 0.1).variant for worker in plan.workers(*args, **kwargs)]

    first = pids(1)
    assert pids(1) == first
    assert not set(first) & set(pids(2))
    assert len(set(pids(1, "tuitrain", "tuitrain"))) == 2
    assert pids(1, "tuitrain") != pids(1, "tuitrain", purpose="more memory")


def test_a_self_comparison_has_two_contenders(fake, pool):
    plan = Plan(rounds=1, peers=[fake("0.5", "tuitrain")], pool=pool)
    case = plan.self_comparison("cell", {"some": Cell(frozen=1), "none": Cell()}, 2.0)
    (row,) = case.measure()
    assert (row.subject, row.expected, list(row.trials)) == ("some", 2.0, ["some", "none"])


@pytest.mark.parametrize("part", [throughput, optimizer, scaling])
def test_a_case_yields_the_cells_that_it_names(fake, pool, part):
    plan = Plan(rounds=1, quick=True, peers=[fake("0.5", "tuitrain")], pool=pool, threads=(1, 2))
    for case in part.cases(plan):
        assert tuple(row.cell for row in case.measure()) == case.cells


def test_torch_compile_is_measured_where_it_might_be_the_best():
    seconds = {}
    for case in throughput.cases(Plan(threads=(1,), peers=PEERS, rounds=0)):
        seconds[case.cells[0]] = case.seconds
    setup = next(peer.setup for peer in PEERS if peer.name == "torch.compile")
    assert seconds["LeNet, sgd, B=32, 1 thread"] > setup
    assert seconds["ResNet-8, sgd, B=32, 1 thread"] > setup
    assert seconds["MLP, sgd, B=32, 1 thread"] < setup


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_the_forecast_is_corrected_by_observed_durations():
    clock = Clock()
    forecast = Forecast([10.0, 30.0, 60.0], clock)
    assert forecast.remaining == 100
    clock.now = 15.0
    forecast.finish(10.0)
    assert forecast.remaining == 90
    clock.now = 60.0
    forecast.finish(30.0)
    assert forecast.remaining == pytest.approx(60 * 60 / 40)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (91, "2 min"), (2090, "35 min"), (3900, "1 h 5 min")],
)
def test_format_duration(seconds, text):
    assert format_duration(seconds) == text


def test_progress_shows_the_remaining_time_and_the_results(capsys):
    row = Row(
        cell="LeNet",
        unit="samples/s",
        subject="tuitrain",
        trials={"tuitrain": Trials(values=(600.0,)), "torch": Trials(values=(100.0,))},
    )
    failed = msgspec.structs.replace(row, trials={"tuitrain": Trials(problem="out of luck")})
    cases = [Case(("LeNet",), 60.0, lambda: [row]), Case(("LeNet",), 30.0, lambda: [failed])]
    with ProgressDisplay(Clock()) as progress:
        progress.begin(cases)
        progress.finish_case(cases[0], [row])
        progress.finish_case(cases[1], [failed])
    assert capsys.readouterr().err.splitlines() == [
        "2 measurements, about 2 min",
        "[1/2, 30 s left] LeNet: 600 /s, 6.00 (6.00–6.00) times 100 /s torch",
        "[2/2, 0 s left] LeNet: - (out of luck)",
    ]


@pytest.mark.parametrize(("names", "left_out"), [(["NumPy"], False), (["NumPy", "JAX jit"], True)])
def test_numpy_is_measured_in_every_cell_if_it_is_the_only_peer(pool, monkeypatch, names, left_out):
    peers = [peer for peer in PEERS if peer.name in ("tuitrain", *names)]
    plan = Plan(threads=(1,), peers=peers, pool=pool)
    first = next(iter(throughput.cases(plan)))
    monkeypatch.setattr(Worker, "request", lambda *_: TimingReply(seconds_per_step=1.0))
    (row,) = first.measure()
    assert bool(row.trials["NumPy"].problem) is left_out
