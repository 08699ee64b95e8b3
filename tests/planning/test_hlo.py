import pytest

from gan_jax.planning.hlo import Collective, read_program, size_of

PROGRAM = """\
HloModule jit_step, is_scheduled=true

%add.1 (a.1: f32[], b.1: f32[]) -> f32[] {
  ROOT %sum.1 = f32[] add(%a.1, %b.1)
}

%body.2 (p.2: (s32[], f32[8])) -> (s32[], f32[8]) {
  %reduced.2 = (f32[4,8]{1,0:T(4,128)}, bf16[3]{0}) all-reduce(%x.2, %copy-done.2), metadata={op_name="jit(step)/d"}
  %more.2 = f32[8]{0} fusion(%z.2), kind=kLoop, calls=%add.1, backend_config={"estimated_cycles":"30"}
}

%condition.3 (p.3: (s32[], f32[8])) -> pred[] {
  %two.3 = s32[]{:T(256)} constant(2)
  ROOT %less.3 = pred[] compare(%i.3, %two.3), direction=LT
}

%never.4 (p.4: f32[8]) -> f32[8] {
  %gathered.4 = f32[1000]{0} all-gather(%p.4), dimensions={0}
}

ENTRY %main.5 (a.5: f32[8]) -> f32[8] {
  %loop.5 = (s32[], f32[8]) while(%start.5), condition=%condition.3, body=%body.2
  %started.5 = f32[16]{0} all-gather-start(%a.5), dimensions={0}
  %gathered.5 = f32[16]{0} all-gather-done(%started.5)
  %known.5 = (s32[], f32[8]) while(%start.5), condition=%condition.3, body=%body.6, backend_config={"known_trip_count":{"n":"5"}}
  %odd.5 = f64[2]{0} convert(%a.5)
  %token.5 = token[] outfeed(%a.5, %none.5)
}

%body.6 (p.6: (s32[], f32[8])) -> (s32[], f32[8]) {
  %moved.6 = f32[8]{0} collective-permute(%q.6), source_target_pairs={{0,1}}, backend_config={"estimated_cycles":"7"}
}
"""


def test_collectives_count_as_often_as_their_loops_run():
    program = read_program(PROGRAM)
    assert program.collectives == {
        "all-gather": Collective(1, 64),
        "all-reduce": Collective(2, 2 * (4 * 8 * 4 + 3 * 2)),
        "collective-permute": Collective(5, 5 * 32),
    }
    assert program.largest[0] == ("all-reduce", 268, "jit(step)/d")
    assert program.cycles == 2 * 30 + 5 * 7


def test_what_should_not_be_there_is_counted():
    program = read_program(PROGRAM)
    assert (program.host_transfers, program.float64) == (1, 1)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("f32[2,3]{1,0}", 24),
        ("bf16[5]", 10),
        ("pred[7]", 7),
        ("(u8[3], s64[])", 11),
        ("token[]", 0),
        ("f8e4m3fn[4]", 4),
    ],
)
def test_sizes(text, size):
    assert size_of(text) == size
