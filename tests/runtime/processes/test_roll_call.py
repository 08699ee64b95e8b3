import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gan_jax.runtime.processes.roll_call import call_roll


@pytest.fixture
def address():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return f"localhost:{free.getsockname()[1]}"


def _results(*calls):
    """What each call raised, or "", all of them made at once."""

    def result(arguments):
        try:
            call_roll(*arguments)
            return ""
        except RuntimeError as error:
            return str(error)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(result, calls))


def test_all_come_in_any_order_and_the_port_is_free_again(address):
    for _ in range(2):  # a second start finds the port free
        assert _results(*((address, 4, process, 20) for process in (2, 3, 0, 1))) == [""] * 4
    with socket.create_server(("", int(address.split(":")[1]))):
        pass


def test_those_who_came_hear_who_is_missing(address):
    began = time.monotonic()
    heard = _results(*((address, 5, process, 1) for process in (0, 1, 3)))
    assert 1 <= time.monotonic() - began < 10
    here = socket.gethostname()
    says = f"processes 2, 4 of 5 did not come within 1 s; 3 came (0 on {here}, 1 on {here}, 3 on {here})"
    assert heard == [says] * 3


def test_without_process_0_the_others_say_so(address):
    [heard] = _results((address, 2, 1, 0.5))
    assert heard.startswith(f"process 0 gave no answer at {address} within 0.5 s (")


def test_two_of_one_number_and_another_count_are_told(address):
    *_, twice = heard = _results((address, 3, 0, 1.5), (address, 3, 1, 1.5), (address, 3, 1, 1.5))
    assert any("process 1 has come already" in each for each in heard[1:]), heard
    assert "process 2 of 3 did not come" in heard[0] and twice
    heard = _results((address, 2, 0, 1), (address, 4, 1, 5))
    assert heard[1] == "process 0 was told of 2 processes and this one, 1, of 4"
    assert "process 1 of 2 did not come" in heard[0]


def test_strangers_and_those_who_went_away_are_no_processes(address):
    host, port = address.split(":")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(call_roll, address, 3, 0, 20)
        for hello in (
            b"GET / HTTP/1.1\r\n",
            b"gan_jax one 3 here\n",
            b"another 1 3 here\n",
            b"gan_jax 7 3 here\n",
            b"",
        ):
            while True:
                try:
                    with socket.create_connection((host, int(port)), 5) as stranger:
                        stranger.sendall(hello)
                    break
                except ConnectionRefusedError:  # process 0 does not listen yet
                    time.sleep(0.01)
        with socket.create_connection((host, int(port)), 5) as lost:
            lost.sendall(b"gan_jax 1 3 here\n")  # comes, dies, and is started again
            time.sleep(0.2)
        again, last = pool.submit(call_roll, address, 3, 1, 20), None
        time.sleep(0.2)
        assert not first.done()
        last = pool.submit(call_roll, address, 3, 2, 20)
        assert [each.result(timeout=20) for each in (first, again, last)] == [None] * 3


def test_a_taken_port_and_a_wrong_address_are_named(address):
    with (
        socket.create_server(("", int(address.split(":")[1]))),
        pytest.raises(RuntimeError, match=f"process 0 cannot listen at {address} (.*in use.*): another program"),
    ):
        call_roll(address, 2, 0, 1)
    for process in (0, 1):
        with pytest.raises(RuntimeError, match="the coordinator's address is 'here'; it must be host:port"):
            call_roll("here", 2, process, 1)


def test_process_0_listens_where_it_is_told(address):
    port = address.split(":")[1]
    calls = ((address, 2, 0, 20, f"127.0.0.1:{port}"), (f"127.0.0.1:{port}", 2, 1, 20))
    assert _results(*calls) == ["", ""]
