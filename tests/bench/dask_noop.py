"""No-op tasks a second of Dask distributed: two worker processes on this machine, from submission to the last result."""
import sys
import time


def noop(number):
    return number


if __name__ == "__main__":
    from distributed import Client, LocalCluster

    count = int(sys.argv[1])
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            client.gather(client.map(noop, range(100), pure=False))
            begin = time.perf_counter()
            client.gather(client.map(noop, range(count), pure=False))
            print(count / (time.perf_counter() - begin))
