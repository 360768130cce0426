"""A small classifier of sentences in PyTorch: AdamW with two groups, and a warm-up.

    tuitrain run examples/text_classifier.py
    python examples/text_classifier.py --steps 200

One line brings the loop under the deck. The sentences are made here: each is of a topic, and
mixes the words of its topic with common ones.
"""

import argparse
import random

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import tuitrain

TOPICS = {
    "sea": ["wave", "tide", "harbour", "sail", "anchor", "gull", "shore", "net", "salt", "deck"],
    "kitchen": [
        "oven",
        "flour",
        "spoon",
        "kettle",
        "butter",
        "pan",
        "salt",
        "dough",
        "plate",
        "knife",
    ],
    "garden": ["rose", "hedge", "spade", "seed", "lawn", "worm", "gull", "soil", "fence", "plum"],
}
COMMON = [
    "the",
    "a",
    "and",
    "of",
    "on",
    "was",
    "is",
    "under",
    "over",
    "with",
    "near",
    "old",
    "small",
    "our",
    "one",
    "two",
]
WORDS = ["", *sorted({word for topic in TOPICS.values() for word in topic} | set(COMMON))]
LENGTH = 12


class TopicNet(nn.Module):
    """The mean of word vectors, and two linear layers with a norm layer between them."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS), width, padding_idx=0)
        self.hidden = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, len(TOPICS))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the scores of the topics: (N, LENGTH) to (N, topics)."""
        vectors = self.words(tokens)
        present = (tokens > 0).unsqueeze(2)
        mean = (vectors * present).sum(1) / present.sum(1)
        return self.output(F.relu(self.norm(self.hidden(mean))))


def make_sentences(count: int, seed: int) -> TensorDataset:
    """Return sentences as the numbers of their words, padded with 0, and their topics."""
    generator = random.Random(seed)
    tokens = torch.zeros(count, LENGTH, dtype=torch.int64)
    topics = torch.zeros(count, dtype=torch.int64)
    for row in range(count):
        topics[row] = topic = generator.randrange(len(TOPICS))
        own = list(TOPICS.values())[topic]
        words = [
            generator.choice(own if generator.random() < 0.3 else COMMON)
            for _ in range(generator.randint(5, LENGTH))
        ]
        tokens[row, : len(words)] = torch.tensor([WORDS.index(word) for word in words])
    return TensorDataset(tokens, topics)


def make_groups(net: nn.Module, decay: float) -> list[dict]:
    """Return two groups: matrices decay; biases, the norm layer and word vectors do not."""
    named = dict(net.named_parameters())
    matrices = [name for name, item in named.items() if item.ndim == 2 and "words" not in name]
    return [
        {"name": "matrices", "params": [named[n] for n in matrices], "weight_decay": decay},
        {
            "name": "rest",
            "params": [item for name, item in named.items() if name not in matrices],
            "weight_decay": 0.0,
        },
    ]


def main() -> None:
    """Train, and print the accuracy now and then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--warmup", type=int, default=60)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    loader = DataLoader(make_sentences(2000, seed=0), 32, shuffle=True)
    tokens, topics = make_sentences(300, seed=1).tensors

    net = TopicNet()
    optimizer = torch.optim.AdamW(make_groups(net, decay=0.05), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / arguments.warmup)
    )
    run = tuitrain.watch(net, optimizer, steps=arguments.steps)  # the added line

    step = 0
    while step < arguments.steps:
        for batch, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(batch), labels)
            loss.backward()
            optimizer.step()
            scheduler.step()
            step += 1
            if step % 100 == 0:
                with torch.no_grad():
                    accuracy = (net(tokens).argmax(1) == topics).float().mean().item()
                run.log(accuracy=accuracy)
                print(f"step {step}: accuracy {accuracy:.1%}")
            if step == arguments.steps:
                break


if __name__ == "__main__":
    main()
