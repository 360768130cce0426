"""Multi-head attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functional as F
from .. import random
from ..errors import CoreError, ShapeError
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module


class MultiHeadAttention(Module):
    """softmax(q kᵀ / √d + mask) v in each head, between linear maps of inputs and output.

    Source: Vaswani et al., "Attention is all you need", 2017, section 3.2.2.

    Parameters
    ----------
    embed_dim : features of query, key, value and output
    num_heads : divides ``embed_dim``
    attn_dropout, out_dropout : probabilities of dropout, of the shares and of the output
    bias : whether the linear maps have biases
    add_bias_kv, add_zero_attn, kdim, vdim : not supported; False and None

    Attributes
    ----------
    io_weight_bias : (1, n), the matrices of query, key, value and output, each (in, out), then
        their biases, which are 0 at first; the matrices are drawn by Xavier's uniform distribution

    Raises
    ------
    CoreError : a size is out of range, or the heads do not divide the features
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        attn_dropout: float = 0.0,
        out_dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        checks.at_least_1("MultiHeadAttention", embed_dim=embed_dim, num_heads=num_heads)
        checks.fraction("MultiHeadAttention", "attn_dropout", attn_dropout)
        checks.fraction("MultiHeadAttention", "out_dropout", out_dropout)
        if embed_dim % num_heads:
            raise CoreError(
                f"MultiHeadAttention: {num_heads} heads do not divide {embed_dim} features"
            )
        if add_bias_kv or add_zero_attn or {kdim, vdim} - {None, embed_dim}:
            raise CoreError(
                "MultiHeadAttention: add_bias_kv, add_zero_attn, kdim and vdim are not supported"
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.attn_dropout, self.out_dropout, self.bias = attn_dropout, out_dropout, bias
        bound = math.sqrt(3.0 / embed_dim)
        matrices = random.generator().random(4 * embed_dim**2, dtype=np.float32)
        biases = np.zeros(4 * embed_dim if bias else 0, np.float32)
        values = np.concatenate([matrices * np.float32(2 * bound) - np.float32(bound), biases])
        self.io_weight_bias = Parameter(values[np.newaxis])

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        attn_mask: Tensor | None = None,
        need_weights: bool = False,
        average_attn_weights: bool = False,
        is_causal: bool = False,
        maybe_cudnn_style_mask: bool = False,  # noqa: ARG002
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from a query to keys and values.

        Parameters
        ----------
        query : shape (N, L, embed_dim)
        key, value : shape (N, S, embed_dim)
        key_padding_mask : (N, S), True where a key is left out, or numbers added to the scores
        attn_mask : the same for (L, S) or (N · heads, L, S)
        need_weights : whether the shares are returned
        average_attn_weights : return the average of the heads' shares
        is_causal : leave out the keys after each position, if there is no ``attn_mask``
        maybe_cudnn_style_mask : ignored

        Returns
        -------
        Output (N, L, embed_dim), and the shares (N · heads, L, S), or (N, L, S) averaged, or None.
        """
        for name, inp in (("query", query), ("key", key), ("value", value)):
            if inp.ndim != 3 or inp.shape[2] != self.embed_dim:
                raise ShapeError(
                    f"MultiHeadAttention: the {name} has shape {inp.shape}, not "
                    f"(N, length, {self.embed_dim})"
                )
        heads = [self._split(inp, place) for place, inp in enumerate((query, key, value))]
        scores = (heads[0] @ heads[1].transpose(0, 1, 3, 2)) * (1.0 / math.sqrt(self.head_dim))
        for mask in self._masks(scores, key_padding_mask, attn_mask, is_causal):
            scores = scores + mask
        shares = F.dropout(F.softmax(scores, -1), self.attn_dropout, self.training)
        joined = (shares @ heads[2]).transpose(0, 2, 1, 3).reshape(query.shape)
        output = F.dropout(self._map(joined, 3), self.out_dropout, self.training)
        if not need_weights:
            return output, None
        if average_attn_weights:
            return output, shares.mean(1)
        return output, shares.reshape(-1, *shares.shape[2:])

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.embed_dim}, {self.num_heads}"

    def _map(self, inp: Tensor, place: int) -> Tensor:
        """Apply the linear map of query, key, value (0 to 2) or output (3)."""
        size, values = self.embed_dim, self.io_weight_bias[0]
        start = place * size * size
        result = inp @ values[start : start + size * size].reshape(size, size)
        if not self.bias:
            return result
        start = 4 * size * size + place * size
        return result + values[start : start + size]

    def _split(self, inp: Tensor, place: int) -> Tensor:
        """Return an input after its linear map, as (N, heads, length, features)."""
        mapped = self._map(inp, place)
        shape = (mapped.shape[0], mapped.shape[1], self.num_heads, self.head_dim)
        return mapped.reshape(shape).transpose(0, 2, 1, 3)

    def _masks(
        self, scores: Tensor, padding: Tensor | None, mask: Tensor | None, is_causal: bool
    ) -> list[Tensor]:
        """Return what is added to the scores (N, heads, L, S)."""
        N, _, L, S = scores.shape
        masks = []
        if padding is not None:
            masks.append(_as_addend("key_padding_mask", padding).reshape(N, 1, 1, S))
        if mask is not None:
            shape = (1, 1, L, S) if mask.ndim == 2 else (N, self.num_heads, L, S)
            masks.append(_as_addend("attn_mask", mask).reshape(shape))
        elif is_causal:
            later = np.triu(np.ones((L, S), bool), 1)
            masks.append(_as_addend("attn_mask", Tensor(later)))
        return masks


def _as_addend(name: str, mask: Tensor) -> Tensor:
    """Return a mask as numbers to add: -inf for True."""
    if mask.dtype.kind == "b":
        return F.where(mask, -math.inf, 0.0)
    if mask.dtype.kind != "f":
        raise CoreError(f"MultiHeadAttention: the {name} is {mask.dtype}; it is bool or floating")
    return mask
