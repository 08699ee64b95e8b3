import pytest

from gan_jax.data.tfrecord import DamagedRecord, RecordFile, Records, masked_crc

RECORDS = [b"", b"a", b"hello" * 100, bytes(range(256))]


@pytest.fixture
def path(tmp_path, framed):
    (tmp_path / "records").write_bytes(framed(RECORDS))
    return tmp_path / "records"


def test_the_checksum_is_masked_crc32c():
    mask = ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF  # the published check value
    assert masked_crc(b"123456789") == mask


def test_records_are_read_back_in_any_order(path):
    file = RecordFile(str(path))
    assert len(file) == 4
    for index in (3, 0, 2, 1):
        assert file[index] == RECORDS[index]


def test_the_index_is_built_once_and_only_when_read(path, framed):
    file = RecordFile(str(path), 4)
    path.rename(path.with_name("moved"))
    assert len(file) == 4
    path.with_name("moved").rename(path)
    assert file[2] == RECORDS[2]
    path.write_bytes(framed(RECORDS[::-1]))
    with pytest.raises(DamagedRecord):
        file[2]  # the old offsets


def test_stretches_of_files(tmp_path, framed):
    (tmp_path / "a").write_bytes(framed([b"0", b"1", b"2"]))
    (tmp_path / "b").write_bytes(framed([b"3", b"4"]))
    records = Records([(str(tmp_path / "a"), 1, 2, 3), (str(tmp_path / "b"), 0, 1, 2)])
    assert [records[index] for index in range(len(records))] == [b"1", b"2", b"3"]
    for index in (3, -1):
        with pytest.raises(IndexError):
            records[index]


@pytest.mark.parametrize("position", [12 + 4 + 12 + 4 + 1 + 20, -1, -100])
def test_a_flipped_byte_of_a_record_is_detected(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    file = RecordFile(str(path))
    with pytest.raises(DamagedRecord, match="does not match its checksum.*again"):
        [file[index] for index in range(4)]


@pytest.mark.parametrize("position", range(12))
def test_a_flipped_byte_of_a_header_is_detected(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 16
    path.write_bytes(data)
    with pytest.raises(DamagedRecord, match="header at byte 0"):
        RecordFile(str(path))[1]


@pytest.mark.parametrize("kept, message", [(-1, "1 bytes after the file"), (20, "within the header")])
def test_a_truncated_file_is_detected(path, kept, message):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedRecord, match=message):
        RecordFile(str(path))[0]


def test_missing_records_are_detected(path):
    with pytest.raises(DamagedRecord, match="holds 4 records instead of 5"):
        RecordFile(str(path), 5)[0]
