package io.quorate.engine.simulator;

import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.reading.ReadContext;
import java.util.List;
import java.util.function.Consumer;

/** One group under one seed: peers with the production protocol inside, the network between them, and what goes wrong. */
final class SimCluster {
    private static final long MS = 1_000_000;
    private static final long SUBMIT_AGAIN_NS = 5 * MS;
    private static final long FIRST_QUERY_ID = 1L << 40;

    private final SimClock clock = new SimClock();
    private final SafetyChecker safety = new SafetyChecker();
    private final LivenessChecker liveness = new LivenessChecker();
    private final Trace trace;
    private final FaultPlan plan;
    private final SimNetwork network;
    private final SimPeer[] peers;
    private final SimRandom workload;
    private final SimRandom chaos;
    private final int faultyMax;
    private final long workloadNs;
    private int commandsLeft;
    private Consumer<ReadContext> readSettings = context -> {};
    private boolean isCalm;

    /**
     * @param faultyMax f: how many peers may be faulty at a time
     * @param commands how many commands the clients submit in all
     * @param workloadNs how long they take to submit them
     * @param settings changes the settings of every replica before they are concluded
     */
    SimCluster(
            final long seed,
            final int peerCount,
            final int faultyMax,
            final int commands,
            final long workloadNs,
            final FaultPlan plan,
            final Trace trace,
            final Consumer<PbftContext> settings) {
        this.faultyMax = faultyMax;
        this.workloadNs = workloadNs;
        this.plan = plan;
        this.trace = trace;
        commandsLeft = commands;
        final SimRandom random = new SimRandom(seed);
        workload = random.split(1);
        chaos = random.split(2);
        network = new SimNetwork(peerCount, clock, random.split(3), trace);
        network.conditions(plan.conditions());
        final SimKeys keys = new SimKeys(peerCount, random.split(4));
        final ByzantinePeer.Plot plot = new ByzantinePeer.Plot(otherHalf(peerCount));
        peers = new SimPeer[peerCount];
        for (int id = 0; id < peerCount; id++) {
            peers[id] = new SimPeer(id, this, keys, plot, plan.strategy(id), random.split(100 + id), settings);
        }
    }

    /** About half of the honest peers, at random. */
    private long otherHalf(final int peerCount) {
        long mask = 0;
        for (int id = 0; id < peerCount; id++) {
            if (plan.strategy(id) == null && chaos.nextBoolean()) {
                mask |= 1L << id;
            }
        }
        return mask;
    }

    /** Starts every peer and schedules everything that will be done to them. */
    void start() {
        for (final SimPeer peer : peers) {
            peer.start();
        }
        for (int command = 1; command <= commandsLeft; command++) {
            final long commandId = command;
            clock.schedule(workload.nextLong(workloadNs), () -> submit(commandId));
            clock.schedule(workload.nextLong(workloadNs), () -> read(FIRST_QUERY_ID + commandId));
        }
        for (final FaultPlan.Fault fault : plan.faults()) {
            clock.schedule(fault.atNs(), () -> begin(fault));
        }
        clock.schedule(plan.calmAtNs(), this::calm);
    }

    /** Changes the settings of every peer's reads before they are concluded; call it before {@link #start}. */
    void readSettings(final Consumer<ReadContext> newSettings) {
        readSettings = newSettings;
    }

    Consumer<ReadContext> readSettings() {
        return readSettings;
    }

    /** One more event; false if nothing waits. */
    boolean step() {
        return clock.step();
    }

    /** True when faults have stopped and nothing is owed. */
    boolean isSettled() {
        return isCalm && commandsLeft == 0 && liveness.isSettled(peers, safety);
    }

    /** What the group still owes, in words. */
    List<String> owed() {
        return liveness.owed(peers, safety);
    }

    SimClock clock() {
        return clock;
    }

    SimNetwork network() {
        return network;
    }

    Trace trace() {
        return trace;
    }

    SafetyChecker safety() {
        return safety;
    }

    LivenessChecker liveness() {
        return liveness;
    }

    /** True unless the plan made a peer a liar. */
    boolean isCorrect(final int peerId) {
        return peers[peerId].isCorrect();
    }

    int peerCount() {
        return peers.length;
    }

    /** How often a queue inside a peer claims to be full, in parts per million. */
    int refusePpm() {
        return isCalm ? 0 : plan.conditions().refusePpm();
    }

    private void submit(final long commandId) {
        final SimPeer peer = peers[workload.nextInt(peers.length)];
        if (peer.isCorrect() && peer.submit(commandId, workload)) {
            commandsLeft--;
        } else {
            clock.schedule(SUBMIT_AGAIN_NS, () -> submit(commandId));
        }
    }

    /** Some client reads; nobody, if the one that is drawn cannot. */
    private void read(final long queryId) {
        final SimPeer peer = peers[workload.nextInt(peers.length)];
        if (peer.isCorrect()) {
            peer.read(queryId, workload);
        }
    }

    private void begin(final FaultPlan.Fault fault) {
        trace.record(
                clock.nowNs(), fault.peerId(), Trace.Kind.FAULT, fault.kind().ordinal(), fault.mask());
        switch (fault.kind()) {
            case CRASH -> crash(peers[fault.peerId()], fault.durationNs());
            case PAUSE -> peers[fault.peerId()].pause(clock.nowNs() + fault.durationNs());
            case PARTITION -> cut(fault.mask(), true, true, fault.durationNs());
            case ONE_WAY -> cut(fault.mask(), true, false, fault.durationNs());
            case ISOLATE -> cut(1L << fault.peerId(), true, true, fault.durationNs());
            case CLOG -> clog(fault.peerId(), fault.durationNs());
            case STORM -> storm(fault.durationNs());
        }
    }

    private void crash(final SimPeer peer, final long downNs) {
        int faulty = 0;
        for (final SimPeer other : peers) {
            faulty += other != peer && !(other.isCorrect() && other.isVoting()) ? 1 : 0;
        }
        if (peer.isCorrect() && peer.isUp() && faulty < faultyMax) {
            peer.crash();
            clock.schedule(downNs, peer::start);
        }
    }

    private void cut(final long mask, final boolean outgoing, final boolean incoming, final long durationNs) {
        setCut(mask, outgoing, incoming, true);
        clock.schedule(durationNs, () -> {
            if (!isCalm) {
                setCut(mask, outgoing, incoming, false);
            }
        });
    }

    private void setCut(final long mask, final boolean outgoing, final boolean incoming, final boolean isCut) {
        for (int inside = 0; inside < peers.length; inside++) {
            for (int outside = 0; outside < peers.length; outside++) {
                if ((mask >>> inside & 1) == 1 && (mask >>> outside & 1) == 0) {
                    if (outgoing) {
                        network.cut(inside, outside, isCut);
                    }
                    if (incoming) {
                        network.cut(outside, inside, isCut);
                    }
                }
            }
        }
    }

    private void clog(final int peerId, final long durationNs) {
        final int other = (peerId + 1 + chaos.nextInt(peers.length - 1)) % peers.length;
        network.clog(peerId, other, clock.nowNs() + durationNs);
        if (chaos.nextBoolean()) {
            network.clog(other, peerId, clock.nowNs() + durationNs);
        }
    }

    private void storm(final long durationNs) {
        network.conditions(plan.conditions().withLoss(SimRandom.CERTAIN_PPM / 2));
        clock.schedule(durationNs, () -> {
            if (!isCalm) {
                network.conditions(plan.conditions());
            }
        });
    }

    private void calm() {
        isCalm = true;
        trace.record(clock.nowNs(), -1, Trace.Kind.CALM, 0, 0);
        network.heal();
        network.conditions(SimNetwork.Conditions.calm());
        for (final SimPeer peer : peers) {
            peer.start();
        }
    }
}
