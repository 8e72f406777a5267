package io.quorate.benchmarks.mesh;

import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.LocalPorts;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.BackoffIdleStrategy;

/** All members of a mesh in one process, shared out among as many threads as there are processors, at most four. */
final class MeshGroup implements AutoCloseable {
    private static final int THREADS_MAX = 4;
    private static final int[] SEEDS = {0, 1, 2};
    private static final long LOOK_NS = 50_000;
    private static final long PARK_MIN_NS = 1_000;
    private static final long PARK_MAX_NS = 500_000;

    private final List<MeshProcess> members = new ArrayList<>();
    private final List<AgentRunner> runners = new ArrayList<>();
    private final Faults faults;
    private final BenchFolder folder;
    private final int faultyMax;
    private final AtomicLong falseDeaths = new AtomicLong();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile int mayDieId = -1;

    private MeshGroup(final BenchFolder folder, final int peers) {
        this.folder = folder;
        faults = new Faults(peers);
        faultyMax = Quorum.of(peers).faultyMax();
    }

    /** Opens all ports; nobody takes part yet. */
    static MeshGroup launch(final BenchFolder folder, final int peers, final MembershipContext.Profile profile) {
        final MeshGroup group = new MeshGroup(folder, peers);
        final SecureRandom random = new SecureRandom();
        final int[] ports = LocalPorts.free(peers);
        final List<PeerIdentity> identities = new ArrayList<>();
        final List<Roster.Peer> entries = new ArrayList<>();
        for (int id = 0; id < peers; id++) {
            identities.add(PeerIdentity.generate(random));
            entries.add(new Roster.Peer(
                    id,
                    "member-" + id,
                    "127.0.0.1",
                    ports[id],
                    identities.get(id).publicKey()));
        }
        final Roster roster = Roster.of(1, entries, Map.of());
        try {
            for (int id = 0; id < peers; id++) {
                final int observerId = id;
                final MembershipContext membership = new MembershipContext()
                        .memberCount(peers)
                        .selfId(id)
                        .profile(profile)
                        .seeds(SEEDS)
                        .conclude();
                group.members.add(new MeshProcess(
                        folder.path(),
                        roster,
                        identities.get(id),
                        membership,
                        group.faults,
                        (memberId, before, after, nowNs) -> group.onState(observerId, memberId, after),
                        group.victim()));
            }
            group.run();
            return group;
        } catch (final RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private void run() {
        final int threads = Math.min(
                members.size(), Math.min(THREADS_MAX, Runtime.getRuntime().availableProcessors()));
        for (int thread = 0; thread < threads; thread++) {
            final List<MeshProcess> share = new ArrayList<>();
            for (int id = thread; id < members.size(); id += threads) {
                share.add(members.get(id));
            }
            final AgentRunner runner = new AgentRunner(
                    new BackoffIdleStrategy(20, 50, PARK_MIN_NS, PARK_MAX_NS),
                    e -> failure.compareAndSet(null, e),
                    null,
                    new Turns(share));
            runners.add(runner);
            AgentRunner.startOnThread(runner);
        }
    }

    private void onState(final int observerId, final int memberId, final MemberTable.State after) {
        if (after == MemberTable.State.FAULTY && memberId != mayDieId && memberId != observerId) {
            falseDeaths.incrementAndGet();
        }
    }

    /** Members held faulty that were not, each observer counted. */
    long falseDeaths() {
        return falseDeaths.get();
    }

    /** Who may be held faulty from now on; -1 for nobody. */
    void mayDie(final int memberId) {
        mayDieId = memberId;
    }

    Faults faults() {
        return faults;
    }

    int faultyMax() {
        return faultyMax;
    }

    /** Whom liars accuse: the last member. */
    int victim() {
        return faults.members() - 1;
    }

    List<MeshProcess> members() {
        return members;
    }

    MeshProcess member(final int id) {
        return members.get(id);
    }

    /** All begin at once. */
    void begin() {
        members.forEach(member -> member.node().start());
    }

    boolean allSeeAll() {
        return each(member -> member.node().view().count(MemberTable.State.ALIVE) == members.size());
    }

    boolean allWrite() {
        return each(member -> member.node().view().isWritable());
    }

    /** True of every member that is not stopped. */
    boolean each(final Predicate<MeshProcess> holds) {
        for (final MeshProcess member : members) {
            if (!member.isStopped() && !holds.test(member)) {
                return false;
            }
        }
        return true;
    }

    boolean allHold(final int memberId, final MemberTable.State state) {
        return each(member -> member.id() == memberId || member.node().view().state(memberId) == state);
    }

    /**
     * Waits.
     *
     * @return nanoseconds until the condition held
     * @throws IllegalStateException if it does not in time, or a member failed
     */
    long await(final String what, final double patienceSeconds, final BooleanSupplier condition) {
        final long startNs = System.nanoTime();
        while (!condition.getAsBoolean()) {
            check();
            if (System.nanoTime() - startNs > patienceSeconds * 1e9) {
                throw new IllegalStateException("after " + Math.round(patienceSeconds) + " s still not: " + what);
            }
            LockSupport.parkNanos(LOOK_NS);
        }
        return System.nanoTime() - startNs;
    }

    /** Lets time pass. */
    void pass(final double seconds) {
        final long endNs = System.nanoTime() + (long) (seconds * 1e9);
        while (System.nanoTime() - endNs < 0) {
            check();
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void check() {
        final Throwable thrown = failure.get();
        if (thrown != null) {
            throw new IllegalStateException("a member failed: " + thrown, thrown);
        }
    }

    /** Sum over all members. */
    long total(final LinkCounter counter) {
        long sum = 0;
        for (final MeshProcess member : members) {
            sum += member.node().transport().counters().total(counter);
        }
        return sum;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(runners);
        CloseHelper.quietCloseAll(members);
        folder.remove();
    }

    /** The members of one thread, in turn. */
    private record Turns(List<MeshProcess> share) implements Agent {
        @Override
        public int doWork() {
            int work = 0;
            for (final MeshProcess member : share) {
                work += member.doWork();
            }
            return work;
        }

        @Override
        public String roleName() {
            return "members";
        }
    }
}
