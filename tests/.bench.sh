. tests/build.sh
ninja -j2 -C $build tests/benchmark-unet >/dev/null
cp tests/benchmark.py tests/reference.py tests/dump-reference.py /var/tmp/bench-networks/ 2>/dev/null
exec 9>&-
export PYTHONUNBUFFERED=1
time python3 tests/benchmark.py $build/tests/benchmark-unet weights/model --large --rounds 3
