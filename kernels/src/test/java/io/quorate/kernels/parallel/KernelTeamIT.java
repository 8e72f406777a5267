package io.quorate.kernels.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class KernelTeamIT {
    @Test
    void shouldRunEachWorkerOnceACallAndSeeWhatItWrote() {
        for (int threads = 1; threads <= 4; threads++) {
            final int[] calls = new int[threads];
            try (KernelTeam team = new KernelTeam(threads)) {
                assertThat(team.threads()).isEqualTo(threads);
                for (int call = 1; call <= 2_000; call++) {
                    team.run(worker -> calls[worker]++);
                    final int expected = call;
                    assertThat(calls).containsOnly(expected);
                }
            }
        }
    }

    @Test
    void shouldWakeWorkersThatHaveParked() {
        final int[] calls = new int[3];
        try (KernelTeam team = new KernelTeam(3)) {
            for (int call = 0; call < 5; call++) {
                team.run(worker -> calls[worker]++);
                LockSupport.parkNanos(5_000_000);
            }
        }
        assertThat(calls).containsOnly(5);
    }

    @Test
    void shouldWaitForAWorkerThatIsSlowerThanTheSpin() {
        final boolean[] isDone = new boolean[2];
        try (KernelTeam team = new KernelTeam(2)) {
            team.run(worker -> {
                if (worker == 1) {
                    LockSupport.parkNanos(20_000_000);
                }
                isDone[worker] = true;
            });
        }
        assertThat(isDone).containsOnly(true);
    }

    @Test
    void shouldKeepTheFirstWorkerOnTheCallersThread() {
        final Thread[] threads = new Thread[3];
        try (KernelTeam team = new KernelTeam(3)) {
            team.run(worker -> threads[worker] = Thread.currentThread());
        }
        assertThat(threads).doesNotHaveDuplicates();
        assertThat(threads[0]).isSameAs(Thread.currentThread());
        assertThat(Arrays.stream(threads).skip(1)).allMatch(Thread::isDaemon).noneMatch(Thread::isAlive);
    }

    @Test
    void shouldThrowTheFailureOfTheLowestWorkerAfterAllAreDone() {
        final int[] calls = new int[4];
        try (KernelTeam team = new KernelTeam(4)) {
            assertThatThrownBy(() -> team.run(worker -> {
                        calls[worker]++;
                        if (worker >= 2) {
                            throw new IllegalArgumentException("worker " + worker);
                        }
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("worker 2");
            assertThat(calls).containsOnly(1);
            team.run(worker -> calls[worker]++);
            assertThat(calls).containsOnly(2);
        }
    }

    @Test
    void shouldRefuseAnImpossibleNumberOfThreads() {
        assertThatThrownBy(() -> new KernelTeam(0)).hasMessage("a team has 1 to 256 threads, given 0");
        assertThatThrownBy(() -> new KernelTeam(257)).hasMessage("a team has 1 to 256 threads, given 257");
    }

    @Test
    void shouldRefuseACallWithinACallAndACallAfterClose() {
        final KernelTeam team = new KernelTeam(2);
        assertThatThrownBy(() -> team.run(worker -> team.run(inner -> {})))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("one at a time");
        team.close();
        team.close();
        assertThatThrownBy(() -> team.run(worker -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the team has been closed");
    }

    @Test
    void shouldAllocateNothingACall() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long[] sums = new long[2];
        final KernelTeam.Task task = worker -> sums[worker]++;
        try (KernelTeam team = new KernelTeam(2)) {
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 500; call++) {
                    team.run(task);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).isZero();
        }
        assertThat(sums).containsOnly(10_000);
    }
}
