"""Plans: what a cell will take, who is asked for it, and which processes are kept for it."""

import msgspec
import pytest

from tuitrain.bench.parts import growth, optimizer, throughput
from tuitrain.bench.peers import PEERS
from tuitrain.bench.plan import Case, Plan
from tuitrain.bench.progress import Forecast, Shown, duration
from tuitrain.bench.protocol import Answer, Cell
from tuitrain.bench.results import Row, Trials
from tuitrain.bench.worker import Worker
from tuitrain.bench.worker_pool import Crew


@pytest.fixture
def crew():
    with Crew() as opened:
        yield opened


def test_who_is_left_out_of_a_cell_is_not_asked_and_the_row_says_why(fake, asked, crew):
    peers = [fake("0.5", "tuitrain"), fake("2.0", "slow")]
    plan = Plan(rounds=2, seconds=0.3, peers=peers, crew=crew)
    case = plan.case("LeNet", Cell(), 1, left_out={"slow": "it is slow"})
    assert case.cells == ("LeNet",)
    assert case.seconds == pytest.approx(peers[0].setup + 2 * 0.3)
    (row,) = case.measure()
    assert row.trials["slow"] == Trials(problem="left out: it is slow")
    assert asked() == ["0.5 lenet"] * 2


def test_processes_are_kept_as_long_as_the_same_are_wanted(fake, crew):
    peers = [fake("pid", "tuitrain"), fake("pid", "other")]
    plan = Plan(peers=peers, crew=crew)

    def pids(*given, **named):
        return [each.ask(Cell(), 0.1).variant for each in plan.workers(*given, **named)]

    first = pids(1)
    assert pids(1) == first
    assert not set(first) & set(pids(2))
    assert len(set(pids(1, "tuitrain", "tuitrain"))) == 2
    assert pids(1, "tuitrain") != pids(1, "tuitrain", purpose="more memory")


def test_a_cell_with_two_ways_of_ours_has_a_process_for_each(fake, crew, monkeypatch):
    plan = Plan(rounds=1, peers=[fake("0.5", "tuitrain")], crew=crew)
    case = plan.case_of_ours("cell", {"some": Cell(frozen=1), "none": Cell()}, 2.0)
    (row,) = case.measure()
    assert (row.subject, row.expected, list(row.trials)) == ("some", 2.0, ["some", "none"])


@pytest.mark.parametrize("part", [throughput, optimizer, growth])
def test_a_case_yields_the_cells_that_it_names(fake, crew, part):
    plan = Plan(rounds=1, quick=True, peers=[fake("0.5", "tuitrain")], crew=crew, threads=(1, 2))
    for case in part.cases(plan):
        assert tuple(row.cell for row in case.measure()) == case.cells


def test_whoever_might_be_the_best_is_asked():
    asked = {}
    for case in throughput.cases(Plan(threads=(1,), peers=PEERS, rounds=0)):
        asked[case.cells[0]] = case.seconds
    slow = next(each.setup for each in PEERS if each.name == "torch.compile")
    assert asked["LeNet, sgd, B=32, 1 thread"] > slow
    assert asked["ResNet-8, sgd, B=32, 1 thread"] > slow
    assert asked["MLP, sgd, B=32, 1 thread"] < slow


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_the_forecast_follows_the_estimates_until_it_knows_better():
    clock = Clock()
    forecast = Forecast([10.0, 30.0, 60.0], clock)
    assert forecast.left == 100
    clock.now = 15.0
    forecast.done(10.0)
    assert forecast.left == 90
    clock.now = 60.0
    forecast.done(30.0)
    assert forecast.left == pytest.approx(60 * 60 / 40)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (91, "2 min"), (2090, "35 min"), (3900, "1 h 5 min")],
)
def test_durations_are_for_people(seconds, text):
    assert duration(seconds) == text


def test_progress_says_how_long_it_takes_and_what_came_of_it(capsys):
    row = Row(
        cell="LeNet",
        unit="samples/s",
        subject="tuitrain",
        trials={"tuitrain": Trials(values=(600.0,)), "torch": Trials(values=(100.0,))},
    )
    failed = msgspec.structs.replace(row, trials={"tuitrain": Trials(problem="out of luck")})
    cases = [Case(("LeNet",), 60.0, lambda: [row]), Case(("LeNet",), 30.0, lambda: [failed])]
    with Shown(Clock()) as shown:
        shown.begin(cases)
        shown.done(cases[0], [row])
        shown.done(cases[1], [failed])
    assert capsys.readouterr().err.splitlines() == [
        "2 measurements, about 2 min",
        "[1/2, 30 s left] LeNet: 600 /s, 6.00 (6.00–6.00) times 100 /s torch",
        "[2/2, 0 s left] LeNet: - (out of luck)",
    ]


@pytest.mark.parametrize(("named", "left_out"), [(["NumPy"], False), (["NumPy", "JAX jit"], True)])
def test_numpy_is_asked_everywhere_where_nothing_else_is_installed(
    crew, monkeypatch, named, left_out
):
    peers = [each for each in PEERS if each.name in ("tuitrain", *named)]
    plan = Plan(threads=(1,), peers=peers, crew=crew)
    first = next(iter(throughput.cases(plan)))
    monkeypatch.setattr(Worker, "ask", lambda *_: Answer(seconds_per_step=1.0))
    (row,) = first.measure()
    assert bool(row.trials["NumPy"].problem) is left_out
