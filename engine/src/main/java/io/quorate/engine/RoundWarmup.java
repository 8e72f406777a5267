package io.quorate.engine;

import com.sun.management.ThreadMXBean;
import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.coordination.Round;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.RoundListener;
import java.lang.management.ManagementFactory;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Runs made-up rounds of the group's own mode until the compiler has turned them into machine code, so that the first real
 * round is as fast as the thousandth. A round goes the whole way: the command is checked and digested, the answer folded, the
 * numbers computed, the decision encoded. Before that, each vector is an object and a round takes hundreds of times as long.
 *
 * <p>Small shapes will do: what is to be compiled does not depend on the size of a large group. Called once by {@link ConsensusEngine#launch}.
 */
final class RoundWarmup implements AutoCloseable {
    /** Above one panel of sixteen rows the kernels take other paths than below; larger groups repeat those. */
    private static final int PEERS_MAX = 24;

    private static final int HEAD_DIM_MAX = 64;
    private static final int GOSSIP_ROUNDS_MAX = 3;
    private static final int ROUNDS = 4;
    private static final int CALLS = 50;
    private static final int QUIET_TURNS = 3;
    private static final String NAME = "warm-up";

    private final CoordinatorContext settings;
    private final DecisionMachine machine;
    private final Coordinator coordinator;
    private final Round round;
    private final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[1]);
    private final float[][] vectors;
    private long sequence;

    private RoundWarmup(final CoordinatorContext group) {
        settings = small(group);
        machine =
                new DecisionMachine(new DecisionContext().coordinator(settings).conclude(), new Silent());
        coordinator = new Coordinator(settings);
        round = new Round(settings);
        vectors = new float[settings.peerCount()][settings.dimension()];
        round.open(NAME);
        final PeerOutput output = new PeerOutput(settings);
        for (int peer = 0; peer < vectors.length; peer++) {
            for (int i = 0; i < vectors[peer].length; i++) {
                vectors[peer][i] = 1 + (i * 31 + peer * 17) % 101;
            }
            output.wrap(command, 0, encode(NAME, peer));
            round.add(peer, output);
        }
    }

    /**
     * Runs until three turns one after the other have allocated nothing where nothing is to be allocated, or until the time is
     * over.
     *
     * @param group settings of the real rounds
     * @return true if it became quiet in time
     */
    static boolean run(final CoordinatorContext group, final long budgetNs) {
        final long startNs = System.nanoTime();
        if (budgetNs <= 0) {
            return false;
        }
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (RoundWarmup warmup = new RoundWarmup(group)) {
            int quiet = 0;
            while (quiet < QUIET_TURNS && System.nanoTime() - startNs < budgetNs) {
                warmup.decide();
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < CALLS && System.nanoTime() - startNs < budgetNs; call++) {
                    warmup.coordinator.coordinate(warmup.round);
                }
                quiet = threads.getCurrentThreadAllocatedBytes() == before ? quiet + 1 : 0;
            }
            return quiet == QUIET_TURNS;
        }
    }

    @Override
    public void close() {
        machine.close();
        coordinator.close();
        round.close();
    }

    /** Whole rounds, from the bytes of the commands to the decision. */
    private void decide() {
        for (int k = 0; k < ROUNDS; k++) {
            sequence++;
            for (int peer = 0; peer < vectors.length; peer++) {
                machine.apply(sequence, peer, command, 0, encode(NAME + sequence, peer), reply, 0);
            }
        }
    }

    private int encode(final String name, final int peer) {
        return PeerOutput.encode(command, 0, name, NAME, "the answer number " + peer % 2, vectors[peer]);
    }

    private static CoordinatorContext small(final CoordinatorContext group) {
        final int headDim = group.dimension() / group.heads();
        return new CoordinatorContext()
                .peerCount(Math.min(group.peerCount(), PEERS_MAX))
                .heads(group.heads())
                .dimension(group.heads() * Math.min(headDim, HEAD_DIM_MAX))
                .mode(group.mode())
                .temperature(group.temperature())
                .faultTolerance(group.faultTolerance())
                .grouping(group.grouping())
                .nearThreshold(group.nearThreshold())
                .gossipRounds(Math.min(group.gossipRounds(), GOSSIP_ROUNDS_MAX))
                .rope(group.rope())
                .conclude();
    }

    /** Nobody is to hear of rounds that never were. */
    private static final class Silent implements RoundListener {
        @Override
        public void onRoundOpened(final String round, final long sequence) {}

        @Override
        public void onRoundClosed(final Decision decision) {}

        @Override
        public void onRestored() {}

        @Override
        public void onRoundRecovered(
                final String round, final long sequence, final Decision.Status status, final byte[] digest) {}
    }
}
