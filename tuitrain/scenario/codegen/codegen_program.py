"""The whole program: model and data, groups, the step, the loop with the commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tuitrain.engines.capabilities import Capability
from tuitrain.engines.state import EngineState
from tuitrain.metric_info import metric_name
from tuitrain.run.progress import ProgressCallback, ignore_progress
from tuitrain_core.data import Dataset

from ..build import build_engine, build_model_and_spec, make_run_info
from ..metrics import default_metrics
from ..schema import Scenario
from .codegen_actions import NO_REASONS, CodegenAction, Reasons, codegen_actions
from .codegen_commands import freeze_statements
from .codegen_groups import new_optimizer
from .codegen_imports import Origin, data_origin, loss_origin, metric_origin, model_origin
from .codegen_network import Network
from .codegen_source import comment_lines, dict_entry, import_lines, literal

HEAD = """\
\"\"\"A training loop that repeats a run of tuitrain.

It computes the same bits: on the same type of machine, with the same versions, it prints the
digest of the run's end.

""".splitlines()
HEAD_END = '"""'
STEP = """

def step({inputs}, {targets}):
    \"\"\"Train on one batch, and return its loss.\"\"\"
    loss = recording.take({inputs}, {targets}, gm)
{clipping}    recording.update(opt.values())
    return loss


{measurement}

"""
ACCURACY = """\
def accuracy():
    \"\"\"Return the share of the test images that are recognised.\"\"\"
    net.eval()
    batches = data.DataLoader(test, batch_size=500, shuffle=False)
    right = sum((net(tensor(x)).numpy().argmax(axis=1) == y).sum() for x, y in batches)
    net.train()
    return right / len(test)
"""
MEASUREMENT = """\
def measure():
    \"\"\"Return the metrics of the test set as text.\"\"\"
    measured = {{
{metrics}
    }}
    net.eval()
    for x, y in data.DataLoader(test, batch_size=500, shuffle=False):
        outputs = net({call}).numpy()
        for metric in measured.values():
            metric.update(outputs, y)
    net.train()
    return ", ".join(f"{{name}} {{metric.compute():.4f}}" for name, metric in measured.items())
"""
CLIPPING = {
    "max_norm": "    optimizer.clip_grad_norm(net.parameters(), max_norm)\n",
    "max_value": "    optimizer.clip_grad_value(net.parameters(), max_value)\n",
}


def generate_program(
    scenario: Scenario,
    source: str,
    on_progress: ProgressCallback = ignore_progress,
    reasons: Reasons = NO_REASONS,
) -> str:
    """Return the Python program that trains as a scenario does, to the same bits.

    Parameters
    ----------
    scenario : has the commands of one branch; its expectations are ignored
    source : its name in errors: the file, or the folder of the run
    on_progress : called with the work in progress
    reasons : why commands were given; written with them

    Raises
    ------
    TuitrainError : the model or the data cannot be loaded, or a command has no statements; then the
        message names its step and text
    """
    engine = build_engine(scenario, source, on_progress)
    engine.capabilities.require(Capability.PYTHON_EXPORT)
    net, spec = build_model_and_spec(scenario, source)
    network = Network(net, engine.held_modules)
    start = engine.state()
    actions = list(codegen_actions(scenario, source, engine, network))
    has_own_loss = callable(getattr(net, "loss", None))
    loss = loss_origin(scenario.loss, spec.train, has_own_loss)
    steps_per_epoch = engine.steps_per_epoch
    program = _Program(
        scenario, spec.train, loss, steps_per_epoch, network, start, actions, reasons
    )
    return "\n".join(program.lines()) + "\n"


@dataclass(frozen=True, slots=True)
class _Program:
    """The parts of a program's text."""

    scenario: Scenario
    train: Dataset
    loss: Origin | None
    steps_per_epoch: int
    network: Network
    start: EngineState
    actions: list[CodegenAction]
    reasons: Reasons

    def lines(self) -> Iterator[str]:
        yield from self._head()
        yield from self._setup()
        yield from self._functions()
        yield from self._loop()

    def _head(self) -> Iterator[str]:
        yield from HEAD
        called = comment_lines(f"Name: {self.scenario.name}.")
        in_words = [line.removeprefix("# ") for line in called]
        if any("\\" in line or '"""' in line for line in in_words):
            yield from [HEAD_END, *called, ""]  # nothing must be escaped in a comment
        else:
            yield from [*in_words, HEAD_END, ""]
        standard = ["import math"] if self._clips() else []
        if self.loss is not None and self.loss.expression.startswith("partial("):
            standard.append("from functools import partial")
        if standard:
            yield from [*standard, ""]
        yield from self._imports()

    def _imports(self) -> Iterator[str]:
        names = {"data", "digest", "optimizer", "random", "tensor", "threads"}
        origins = [self._model(), self._data()]
        if not self._measures_accuracy_only():
            uses_default = "test_loss" in self._metrics() and self.loss is None
            names |= {"metrics"} | ({"functional"} if uses_default else set())
            origins += [metric_origin(name, self.loss) for name in self._metrics()]
        if self.loss is not None:
            names |= {"losses"} if self.loss.expression.startswith("losses.") else set()
            origins.append(self.loss)
        names |= {"models"} if self._model().expression.startswith("models.") else set()
        names |= {"schedule"} if self._schedules() else set()
        blocks = {
            ("tuitrain_core",): import_lines("tuitrain_core", names),
            ("tuitrain_core.compiler",): ["from tuitrain_core.compiler import Recording"],
            ("tuitrain_core.autodiff",): ["from tuitrain_core.autodiff import GradManager"],
            **{item.sorted_by: [item.imported] for item in origins if item.imported},
        }
        for key in sorted(blocks):
            yield from blocks[key]

    def _setup(self) -> Iterator[str]:
        scenario = self.scenario
        yield ""
        yield "threads.limit_blas_threads()  # the bits depend on how many there are"
        yield f"train, test = {self._data().expression}"
        yield (
            f"loader = data.DataLoader(train, batch_size={scenario.batch_size}, "
            f"seed={scenario.seed})"
        )
        yield f"random.seed({scenario.seed})  # of the initial weights, and of dropout"
        yield f"net = {self._model().expression}"
        yield ""
        yield "# One optimizer for each group of parameters."
        yield "opt = {"
        for plan, group in zip(self._plans(), self.start.groups, strict=True):
            members = self.network.select_expression(group["members"], plan)
            lr = literal(float(group["schedule"]["value"]))
            yield from dict_entry(group["name"], new_optimizer(group, members, lr))
        yield "}"
        if self._schedules():
            yield "schedules = {}  # of the groups whose lr is not a constant"
        for variable in self._clips():
            yield f"{variable} = math.inf  # gradients are clipped to it"
        yield "gm = GradManager().attach(net.parameters())  # what is not attached is frozen"
        if self.loss is not None:
            yield f"loss_function = {self.loss.expression}"
        loss = "" if self.loss is None else ", loss=loss_function"
        yield f"recording = Recording(net, loader{loss})  # of the step: traced once, then native"
        thawed = replace(self.start, frozen={})
        for statement in freeze_statements(thawed, self.start, self.network):
            yield from statement.lines()

    def _functions(self) -> Iterator[str]:
        clipping = "".join(CLIPPING[kind] for kind in self._clips())
        measurement = ACCURACY if self._measures_accuracy_only() else self._measurement()
        inputs, targets = self._batch_names()
        text = STEP.format(
            inputs=inputs, targets=targets, clipping=clipping, measurement=measurement
        )
        yield from text.splitlines()

    def _measurement(self) -> str:
        entries = "\n".join(
            f"        {literal(metric_name(text))}: {metric_origin(text, self.loss).expression},"
            for text in self._metrics()
        )
        call = "*map(tensor, x)" if isinstance(self.train.inputs, tuple) else "tensor(x)"
        return MEASUREMENT.format(metrics=entries, call=call)

    def _loop(self) -> Iterator[str]:
        batch = ", ".join(self._batch_names())
        total = make_run_info(self.scenario, self.steps_per_epoch).total_steps
        epochs, rest = divmod(total, self.steps_per_epoch)
        if rest:
            yield f"for now in range({total}):"
            yield f"    {batch} = loader.batch(now)"
            yield from self._body(4)
            yield "    if (now + 1) % 100 == 0:"
            yield '        print(f"step {now + 1}: loss {loss:.4f}")'
            yield ""
            yield f'print(f"step {{now + 1}}: loss {{loss:.4f}}, {self._measured()}")'
        else:
            yield "now = 0  # steps taken"
            yield f"for epoch in range({epochs}):"
            yield "    total = 0.0"
            yield f"    for {batch} in loader:"
            yield from self._body(8)
            yield f"        total += loss * len({self._batch_names()[1]})"
            yield "        now += 1"
            yield (
                '    print(f"epoch {epoch}: loss {total / len(loader.dataset):.4f}, '
                f'{self._measured()}")'
            )
            yield ""
        yield "print(digest.compute_digest(net, opt.values()))"

    def _body(self, indent: int) -> Iterator[str]:
        """Yield the lines for each batch: commands, learning rates, the step."""
        space = " " * indent
        for step in dict.fromkeys(action.step for action in self.actions):
            yield f"{space}if now == {step}:"
            for action in self.actions:
                if action.step == step:
                    why = self.reasons.get((step, action.text))
                    text = f"step {step}: {action.text}" + (f" ({why})" if why else "")
                    yield from comment_lines(text, indent + 4)
                    for statement in action.statements:
                        yield from statement.lines(indent + 4)
        if self._schedules():
            yield f"{space}for name, planned in schedules.items():"
            yield f"{space}    opt[name].lr = planned.lr(now)"
        yield f"{space}loss = step({', '.join(self._batch_names())})"

    def _measured(self) -> str:
        """Return the part of a formatted string that prints the metrics."""
        only_accuracy = self._measures_accuracy_only()
        return "test accuracy {accuracy():.4f}" if only_accuracy else "{measure()}"

    def _metrics(self) -> tuple[str, ...]:
        return self.scenario.metrics or default_metrics(self.train.has_class_targets)

    def _measures_accuracy_only(self) -> bool:
        has_class_outputs = not self.loss or self.loss.expression != "losses.binary_cross_entropy"
        return self._metrics() == ("accuracy",) and self._is_images() and has_class_outputs

    def _is_images(self) -> bool:
        """Whether the data are images of one class each, and nothing else."""
        inputs, targets = self.train.inputs, self.train.targets
        one_class = self.train.has_class_targets and targets is not None and targets.ndim == 1
        return one_class and not isinstance(inputs, tuple) and inputs.ndim == 4

    def _batch_names(self) -> tuple[str, str]:
        return ("images", "labels") if self._is_images() else ("inputs", "targets")

    def _plans(self) -> Iterable[tuple[str, ...]]:
        """Return the globs of each group."""
        return [group.params for group in self.scenario.group] or [("*",)]

    def _schedules(self) -> bool:
        return any(action.schedules for action in self.actions)

    def _clips(self) -> list[str]:
        return [
            variable
            for variable in CLIPPING
            if any(action.clips == variable for action in self.actions)
        ]

    def _model(self) -> Origin:
        return model_origin(self.scenario.model, self.train)

    def _data(self) -> Origin:
        return data_origin(self.scenario.data)
