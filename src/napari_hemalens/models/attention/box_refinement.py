"""Soft attention that moves a box, step by step, towards its cell.

Wang et al. 2021 (BMC Bioinformatics 22:94), equations 1-3 and Table 2: an agent looks at the features around a box
through attention, remembers in an LSTM what it saw, and moves an edge or stops; it learns by advantage actor-critic
(Mnih et al. 2016, https://arxiv.org/abs/1602.01783) from the gain in IoU.

Where the paper leaves a choice: it names a GRU and an LSTM, an LSTM here; keys and values carry their place in the
window, and the LSTM begins with a summary of the window, since a context vector alone does not tell where it is from;
outside of the box attention is excluded, where the printed equation 2 leaves it a weight of e^0 (`literal`).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_hemalens.config.networks import RefinementRecipe

ACTIONS = ("left", "right", "up", "down", "narrower", "wider", "shorter", "taller", "stop")
STOP = ACTIONS.index("stop")
_SUMMARY = 32  # channels of each place that the LSTM begins with
# What an action does to x, y, width and height, in steps.
_MOVES = (
    (-1, 0, 0, 0),
    (1, 0, 0, 0),
    (0, -1, 0, 0),
    (0, 1, 0, 0),
    (0, 0, -1, 0),
    (0, 0, 1, 0),
    (0, 0, 0, -1),
    (0, 0, 0, 1),
)


@dataclass(frozen=True, slots=True)
class Episode:
    """What N agents did in up to T steps.

    Attributes
    ----------
    boxes : (T + 1, N, 4) float32
        x0, y0, x1, y1, before each step and after the last one.
    actions : (T, N) int64
        Indices into `ACTIONS`.
    taken : (T, N) bool
        False from the step after an agent has stopped.
    logits : (T, N, 9) float32
        Of the actions; their softmax is the policy.
    values : (T + 1, N) float32
        What the critic expects of each state; the last one is 0 unless agents explore.
    attention : (T, N, places) float32
        Over the places of the window, row by row; sums to 1.
    """

    boxes: Tensor
    actions: Tensor
    taken: Tensor
    logits: Tensor
    values: Tensor
    attention: Tensor

    @property
    def stopped(self) -> Tensor:
        """(N,) bool: which agents ended by stopping."""
        return (self.taken & (self.actions == STOP)).any(dim=0)

    def of(self, agents: Tensor) -> "Episode":
        """Return the episode of some agents, by a mask (N,) or indices."""
        parts = (self.boxes, self.actions, self.taken, self.logits, self.values, self.attention)
        return Episode(*(part[:, agents] for part in parts))

    def last_look(self) -> Tensor:
        """Return the attention of each agent at the last step that it took: (N, places)."""
        last = self.taken.sum(dim=0) - 1
        return self.attention[last, torch.arange(len(last), device=last.device)]


def attention_weights(
    query: Tensor, keys: Tensor, mask: Tensor, temperature: Tensor | float, *, literal: bool = False
) -> Tensor:
    """Return where to look: equations 1 and 2 of Wang et al. 2021.

    Parameters
    ----------
    query : (N, d)
        The state of each agent.
    keys : (N, L, d)
        Of the places around its box.
    mask : (N, L) bool
        Places of the box's own region; at least one.
    temperature : scalar
        What the paper calls beta.
    literal : bool
        Multiply by the mask, as printed, which leaves a place outside a weight of e^0; else exclude it.

    Returns
    -------
    (N, L)
        Weights that sum to 1.
    """
    similarity = torch.einsum("nd,nld->nl", query, keys) / math.sqrt(query.shape[-1])
    scaled = temperature * similarity.softmax(dim=-1)  # equation 1
    limited = scaled * mask if literal else scaled.masked_fill(~mask, -math.inf)
    return limited.softmax(dim=-1)  # equation 2


def moved(boxes: Tensor, actions: Tensor, step: float) -> Tensor:
    """Return boxes (N, 4) after an action (N,) each, which moves or resizes by a share `step` of the box."""
    moves = boxes.new_tensor((*_MOVES, (0, 0, 0, 0)))[actions] * step
    size = boxes[:, 2:] - boxes[:, :2]
    centre = boxes[:, :2] + size / 2 + moves[:, :2] * size
    half = size * (1 + moves[:, 2:]) / 2
    return torch.cat([centre - half, centre + half], dim=1)


def widened(boxes: Tensor, factor: float) -> Tensor:
    """Return windows around boxes (N, 4), so many times as wide and high."""
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) * (factor / 2)
    return torch.cat([centre - half, centre + half], dim=1)


def places_inside(boxes: Tensor, windows: Tensor, grid: int) -> Tensor:
    """Return which places of a window's grid lie in its box: (N, grid * grid) bool, row by row.

    The place nearest to the middle of the box is always one.
    """
    at = (torch.arange(grid, device=boxes.device) + 0.5) / grid
    x, y = (windows[:, i, None] + at * (windows[:, i + 2] - windows[:, i])[:, None] for i in (0, 1))
    columns, rows = (
        ((c >= boxes[:, i, None]) & (c <= boxes[:, i + 2, None]))
        | functional.one_hot((c - (boxes[:, i, None] + boxes[:, i + 2, None]) / 2).abs().argmin(dim=1), grid).bool()
        for i, c in enumerate((x, y))
    )
    return (rows[:, :, None] & columns[:, None, :]).flatten(1)


class BoxRefinement(nn.Module):
    """An agent a box: attention, an LSTM, an actor and a critic. All boxes step together.

    Parameters
    ----------
    channels : int
        Of the features.
    recipe : RefinementRecipe
        Width of the LSTM, keys and values, size and number of steps, and which mask of attention.
    grid : int
        Places of a window a side.
    """

    def __init__(self, channels: int, recipe: RefinementRecipe, *, grid: int = 7) -> None:
        super().__init__()
        self.grid, self.step, self.most_steps, self.literal = grid, recipe.step, recipe.most_steps, recipe.literal
        hidden = recipe.hidden
        self.key = nn.Linear(channels, hidden)
        self.value = nn.Linear(channels, hidden)
        self.place = nn.Parameter(0.02 * torch.randn(grid * grid, hidden))
        self.log_temperature = nn.Parameter(torch.tensor(math.log(10.0)))
        self.summary = nn.Linear(channels, _SUMMARY)
        self.begin = nn.Linear(_SUMMARY * grid * grid, hidden)
        self.recurrent = nn.LSTMCell(hidden + 4, hidden)
        self.actor = nn.Linear(hidden, len(ACTIONS))
        self.critic = nn.Linear(hidden, 1)
        nn.init.zeros_(self.critic.weight)
        nn.init.zeros_(self.critic.bias)

    def forward(self, features: Tensor, boxes: Tensor, windows: Tensor, *, explore: bool = False) -> Episode:
        """Step until every agent has stopped, at most `most_steps` times.

        Parameters
        ----------
        features : (N, channels, grid, grid)
            Of the windows.
        boxes : (N, 4) float32
            x0, y0, x1, y1.
        windows : (N, 4) float32
            Where the features lie.
        explore : bool
            Draw actions from the policy, as training does; else take the likeliest.
        """
        view, h = self._see(features, windows)
        state = (h, torch.zeros_like(h))
        going = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
        path, steps, expected = [boxes], [], []
        for _ in range(self.most_steps):
            state, look = self._look(view, state, path[-1])
            logits, value = self.actor(state[0]).float(), self.critic(state[0]).float()[:, 0]
            action = logits.softmax(dim=1).multinomial(1)[:, 0] if explore else logits.argmax(dim=1)
            steps.append((action, going, logits, look.float()))
            expected.append(value)
            stay = ~going | (action == STOP)
            path.append(torch.where(stay[:, None], path[-1], moved(path[-1], action, self.step)))
            going = ~stay
            if not explore and not going.any():
                break
        if explore:
            state, _ = self._look(view, state, path[-1])
            expected.append(self.critic(state[0]).float()[:, 0])
        else:
            expected.append(torch.zeros_like(expected[-1]))
        actions, taken, logits, looks = (torch.stack(part) for part in zip(*steps, strict=True))
        return Episode(torch.stack(path), actions, taken, logits, torch.stack(expected), looks)

    def _see(self, features: Tensor, windows: Tensor) -> tuple["_View", Tensor]:
        """Return what agents look at, and the state that they begin with."""
        places = features.flatten(2).transpose(1, 2)  # (N, L, channels)
        begin = torch.tanh(self.begin(functional.relu(self.summary(places)).flatten(1)))
        return _View(self.key(places) + self.place, self.value(places) + self.place, windows), begin

    def _look(self, view: "_View", state: tuple[Tensor, Tensor], boxes: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Return the next state of the LSTM, and where it looked: (N, L)."""
        mask = places_inside(boxes, view.windows, self.grid)
        look = attention_weights(state[0], view.keys, mask, self.log_temperature.exp(), literal=self.literal)
        context = torch.einsum("nl,nld->nd", look, view.values)  # equation 3
        size = (view.windows[:, 2:] - view.windows[:, :2]).clamp(min=1e-3)
        where = (boxes - view.windows[:, [0, 1, 0, 1]]) / size.repeat(1, 2)
        return self.recurrent(torch.cat([context, where.to(context.dtype)], dim=1), state), look


@dataclass(frozen=True, slots=True)
class _View:
    """Keys and values (N, L, hidden), and the windows (N, 4) that they are of."""

    keys: Tensor
    values: Tensor
    windows: Tensor
