"""A function as one plain list of operations, for converters that know no choice among platforms and no calls."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend import core

_FOLDED = ("clamp", "convert_element_type")  # stand between the number of a platform and the choice by it


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of arrays -> an array, traced with every `platform_dependent` at its default, and calls written out."""

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        traced = jax.make_jaxpr(function)(*args)
        return _evaluated(traced.jaxpr, traced.consts, args)[0]

    return call


def _evaluated(jaxpr: core.Jaxpr, consts: Sequence[Any], args: Sequence[Any]) -> list[Any]:
    known: dict[Any, Any] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *args], strict=True))
    read = lambda place: place.val if isinstance(place, core.Literal) else known[place]
    for equation in jaxpr.eqns:
        values = [read(place) for place in equation.invars]
        made = _inside(equation, values)
        known |= dict(zip(equation.outvars, _applied(jaxpr, equation, values) if made is None else made, strict=True))
    return [read(place) for place in jaxpr.outvars]


def _inside(equation: Any, values: list[Any]) -> list[Any] | None:
    """What a call or a choice makes, operation by operation; None for an operation."""
    name, settings = equation.primitive.name, equation.params
    if name == "platform_index":
        return [settings["platforms"].index(None)]  # the default's
    if name == "cond" and not isinstance(values[0], jax.core.Tracer):
        chosen = settings["branches"][int(values[0])]
        return _evaluated(chosen.jaxpr, chosen.consts, values[1:])
    called = settings.get("jaxpr") if name in ("jit", "pjit") else settings.get("call_jaxpr")
    return _evaluated(called.jaxpr, called.consts, values) if isinstance(called, core.ClosedJaxpr) else None


def _applied(jaxpr: core.Jaxpr, equation: Any, values: list[Any]) -> list[Any]:
    """What one operation makes."""
    takes = {place: value for place, value in zip(equation.invars, values, strict=True) if _is_variable(place)}
    alone = jaxpr.replace(constvars=[], invars=[*takes], outvars=list(equation.outvars), eqns=[equation])
    apply = core.jaxpr_as_fun(core.ClosedJaxpr(alone, ()))
    if equation.primitive.name in _FOLDED and not any(isinstance(value, jax.core.Tracer) for value in values):
        with jax.ensure_compile_time_eval():
            return list(apply(*takes.values()))
    return list(apply(*takes.values()))


def _is_variable(place: Any) -> bool:
    return not isinstance(place, core.Literal)
