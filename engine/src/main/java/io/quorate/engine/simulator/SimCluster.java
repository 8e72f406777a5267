package io.quorate.engine.simulator;

import io.quorate.engine.byzantine.Plot;
import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.checker.LivenessChecker;
import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.disk.SimJournal;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.reading.ReadContext;
import io.quorate.engine.virtual.SimClock;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.auth.Roster;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** One group under one seed: peers with the production protocol inside, the network between them, and what goes wrong. */
final class SimCluster {
    private static final long MS = 1_000_000;
    private static final long SUBMIT_AGAIN_NS = 5 * MS;
    private static final long FIRST_QUERY_ID = 1L << 40;
    private static final long TURN_AGAIN_NS = 5 * MS;
    private static final long TWIN_ROUND_MIN_NS = 5 * MS;
    private static final long TWIN_ROUND_MAX_NS = 60 * MS;

    private final SimClock clock = new SimClock();
    private final SafetyChecker safety = new SafetyChecker();
    private final LivenessChecker liveness = new LivenessChecker();
    private final Trace trace;
    private final FaultPlan plan;
    private final SimNetwork network;
    /** By number: the peers of the first epoch, and behind them whoever may join. */
    private final SimPeer[] peers;

    /** The peers, and behind them the second halves of twins. */
    private final SimPeer[] nodes;

    private final boolean[] twinCuts;
    private final SimRandom workload;
    private final SimRandom chaos;
    private final int faultyMax;
    private final SimOperator operator;
    private SimEpoch newest;

    /** The peers of the newest epoch. */
    private SimPeer[] current;

    private final long workloadNs;
    private int commandsLeft;
    private Consumer<ReadContext> readSettings = context -> {};
    private final boolean isGarbled;
    private boolean isTagging;
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
        isGarbled = plan.hasLiar(Strategy.GARBLED);
        final int[] twins = plan.twins();
        final int processes = peerCount + plan.stepsAtNs().size();
        network = new SimNetwork(processes, twins, clock, random.split(3), trace);
        network.conditions(plan.conditions());
        final SimKeys keys = new SimKeys(peerCount, random.split(4));
        final Plot plot = new Plot(otherHalf(peerCount), chaos.nextInt(peerCount));
        newest = plan.stepsAtNs().isEmpty() ? SimEpoch.only(peerCount) : SimEpoch.first(peerCount);
        nodes = new SimPeer[processes + twins.length];
        for (int node = 0; node < nodes.length; node++) {
            final int id = node < processes ? node : twins[node - processes];
            nodes[node] = new SimPeer(
                    id,
                    node,
                    this,
                    keys,
                    plot,
                    plan.strategy(id),
                    random.split(100 + node),
                    plan.isDurable(id),
                    settings);
        }
        peers = Arrays.copyOf(nodes, processes);
        for (final SimPeer node : nodes) {
            if (newest.idOf(node.number()) >= 0) {
                node.found(newest);
            }
        }
        current = Arrays.copyOf(nodes, peerCount);
        operator = new SimOperator(this, keys, random.split(7), plan.stepsAtNs());
        twinCuts = new boolean[nodes.length * nodes.length];
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

    /** An empty disk for a peer's journal. */
    SimJournal newDisk(final int peerId, final SimRandom random) {
        return new SimJournal(peerId, clock::nowNs, (delayNs, end) -> clock.schedule(delayNs, end::run), random);
    }

    /** Gives every disk a flaw. */
    void flaw(final SimJournal.Flaw flaw) {
        for (final SimPeer peer : peers) {
            peer.files().disks().forEach(disk -> disk.flaw(flaw));
        }
    }

    /** Starts every peer and schedules everything that will be done to them. */
    void start() {
        safety.honest(process -> plan.strategy(process) == null);
        for (final SimPeer node : nodes) {
            node.start();
        }
        for (final SimPeer node : nodes) {
            if (!node.isCorrect()) {
                clock.schedule(plan.turnsAtNs(node.number()), () -> turn(node));
            }
        }
        if (nodes.length > peers.length) {
            twinRound();
        }
        for (int command = 1; command <= commandsLeft; command++) {
            final long commandId = command;
            clock.schedule(workload.nextLong(workloadNs), () -> submit(commandId));
            clock.schedule(workload.nextLong(workloadNs), () -> read(FIRST_QUERY_ID + commandId));
        }
        operator.start();
        for (final FaultPlan.Fault fault : plan.faults()) {
            clock.schedule(fault.atNs(), () -> begin(fault));
        }
        if (plan.calmAtNs() != Long.MAX_VALUE) {
            clock.schedule(plan.calmAtNs(), this::calm);
        }
    }

    /** Has requests carry tags at first; call it before {@link #start}. */
    void tagging(final boolean newIsTagging) {
        isTagging = newIsTagging;
    }

    boolean isTagging() {
        return isTagging;
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
        return isCalm
                && commandsLeft == 0
                && operator.isDone()
                && liveness.isSettled(current, safety)
                && lingering() == null;
    }

    /** A correct peer that is in no roster any more and does not know; null if there is none. */
    private SimPeer lingering() {
        for (final SimPeer peer : peers) {
            if (peer.isCorrect() && peer.isMember() && newest.idOf(peer.number()) < 0) {
                return peer;
            }
        }
        return null;
    }

    /** What the group still owes, in words. */
    List<String> owed() {
        final List<String> owed = liveness.owed(current, safety);
        if (!operator.isDone()) {
            owed.add("the group is still in epoch " + newest.number());
        }
        if (lingering() != null) {
            owed.add(lingering() + " does not know that it is no peer any more");
        }
        return owed;
    }

    /** True if every step puts a newcomer in somebody's place: so one peer is left in the old epoch for good. */
    boolean isReplacingOnly() {
        return plan.hasLiar(Strategy.STRADDLER);
    }

    SimOperator operator() {
        return operator;
    }

    int faultyMax() {
        return faultyMax;
    }

    SimPeer peer(final int number) {
        return peers[number];
    }

    /** The newest epoch that a correct peer has opened. */
    SimEpoch newest() {
        return newest;
    }

    long newestEpoch() {
        return newest.number();
    }

    /** A correct peer opened an epoch. */
    void onOpened(final SimEpoch epoch) {
        if (epoch.number() > newest.number()) {
            newest = epoch;
            current = new SimPeer[epoch.size()];
            Arrays.setAll(current, id -> peers[epoch.process(id)]);
        }
    }

    /** A newcomer is started, though the step that makes it a peer is not yet taken. */
    void join(final int number, final Roster before, final SimEpoch joined) {
        peers[number].join(before, joined);
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

    /** True if some liar sends what is no message. */
    boolean isGarbled() {
        return isGarbled;
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
            case CRASH -> crash(peers[fault.peerId()], SimJournal.Damage.NONE, fault.durationNs());
            case DISK_LOST -> crash(peers[fault.peerId()], SimJournal.Damage.LOST, fault.durationNs());
            case DISK_FLIPPED -> crash(peers[fault.peerId()], SimJournal.Damage.FLIPPED, fault.durationNs());
            case DISK_MISDIRECTED -> crash(peers[fault.peerId()], SimJournal.Damage.MISDIRECTED, fault.durationNs());
            case DISK_SLOW, DISK_FULL -> hamper(peers[fault.peerId()], fault);
            case CRASH_ALL -> crashAll(fault.durationNs());
            case CLOCK -> peers[fault.peerId()].moveClock(fault.durationNs());
            case PAUSE -> peers[fault.peerId()].pause(clock.nowNs() + fault.durationNs());
            case PARTITION -> cut(fault.mask(), true, true, false, fault.durationNs());
            case ONE_WAY -> cut(fault.mask(), true, false, false, fault.durationNs());
            case ISOLATE -> cut(1L << fault.peerId(), true, true, false, fault.durationNs());
            case MUFFLE -> cut(fault.mask(), true, false, true, fault.durationNs());
            case CLOG -> clog(fault.peerId(), fault.durationNs());
            case STORM -> storm(fault.durationNs());
        }
    }

    /** Crashes a peer, or, where that would exceed f, a liar: it is faulty already. */
    private void crash(final SimPeer peer, final SimJournal.Damage damage, final long downNs) {
        final SimPeer crashing = peer.isFaulty() || faultyCount() < faultyMax ? peer : faultyLiar();
        // Who is no peer any more is left alone: it does nothing but answer.
        if (crashing != null && crashing.isUp() && crashing.isMember()) {
            crashing.crash(damage);
            clock.schedule(downNs, crashing::start);
        }
    }

    /** All correct peers at once: a group whose journals are whole survives that, though more than f stop. */
    private void crashAll(final long downNs) {
        for (final SimPeer peer : peers) {
            if (peer.isCorrect() && peer.isMember() && !(peer.files().isDurable() && peer.isVoting())) {
                return;
            }
        }
        for (final SimPeer peer : peers) {
            if (peer.isCorrect() && peer.isMember()) {
                peer.crash(SimJournal.Damage.NONE);
                clock.schedule(1 + chaos.nextLong(downNs), peer::start);
            }
        }
    }

    private void hamper(final SimPeer peer, final FaultPlan.Fault fault) {
        final long untilNs = clock.nowNs() + fault.durationNs();
        for (final SimJournal disk : peer.files().disks()) {
            if (fault.kind() == FaultPlan.Kind.DISK_FULL) {
                disk.fullUntil(untilNs);
            } else {
                disk.slowUntil(untilNs);
            }
        }
    }

    private int faultyCount() {
        int faulty = 0;
        for (final SimPeer peer : peers) {
            faulty += peer.isMember() && peer.isFaulty() ? 1 : 0;
        }
        return faulty;
    }

    private SimPeer faultyLiar() {
        for (final SimPeer peer : peers) {
            if (!peer.isCorrect() && peer.isFaulty()) {
                return peer;
            }
        }
        return null;
    }

    /** A peer turns malicious, as soon as that makes no more than f faulty ones. A plan with more liars means it. */
    private void turn(final SimPeer peer) {
        if (!peer.isMember()) {
            return;
        }
        if (faultyCount() < faultyMax || plan.turnsAtNs(peer.number()) == 0) {
            peer.turn();
        } else {
            clock.schedule(TURN_AGAIN_NS, () -> turn(peer));
        }
    }

    /**
     * Twins (Bano and others, 2021): every so often the network is parted anew, so that the halves of a twin see different
     * worlds. In some rounds only the links of twins are parted: then the others get on, with two stories in their midst.
     */
    private void twinRound() {
        for (int index = 0; index < twinCuts.length; index++) {
            if (twinCuts[index]) {
                twinCuts[index] = false;
                network.cut(index / nodes.length, index % nodes.length, false);
            }
        }
        if (isCalm) {
            return;
        }
        final boolean isTwinsOnly = chaos.nextBoolean();
        final int[] sides = new int[nodes.length];
        for (int node = 0; node < nodes.length; node++) {
            final boolean isSecond = node >= peers.length && chaos.nextInt(4) > 0;
            sides[node] = isSecond ? 1 - sides[nodes[node].number()] : chaos.nextInt(2);
        }
        for (int index = 0; index < twinCuts.length; index++) {
            final SimPeer from = nodes[index / nodes.length];
            final SimPeer to = nodes[index % nodes.length];
            final boolean isParted = sides[from.node()] != sides[to.node()];
            if (isParted && (!isTwinsOnly || isTwin(from) || isTwin(to))) {
                twinCuts[index] = true;
                network.cut(from.node(), to.node(), true);
            }
        }
        clock.schedule(chaos.between(TWIN_ROUND_MIN_NS, TWIN_ROUND_MAX_NS), this::twinRound);
    }

    private static boolean isTwin(final SimPeer peer) {
        return peer.strategy() == Strategy.TWIN;
    }

    private void cut(
            final long mask,
            final boolean outgoing,
            final boolean incoming,
            final boolean isForCorrect,
            final long durationNs) {
        setCut(mask, outgoing, incoming, isForCorrect, true);
        clock.schedule(durationNs, () -> {
            if (!isCalm) {
                setCut(mask, outgoing, incoming, isForCorrect, false);
            }
        });
    }

    private void setCut(
            final long mask,
            final boolean outgoing,
            final boolean incoming,
            final boolean isForCorrect,
            final boolean isCut) {
        for (int inside = 0; inside < nodes.length; inside++) {
            for (int outside = 0; outside < nodes.length; outside++) {
                final boolean isMeant = nodes[outside].isCorrect() || !isForCorrect;
                if (isMeant
                        && (mask >>> nodes[inside].number() & 1) == 1
                        && (mask >>> nodes[outside].number() & 1) == 0) {
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
        Arrays.fill(twinCuts, false);
        network.conditions(SimNetwork.Conditions.calm());
        for (final SimPeer node : nodes) {
            node.start();
        }
    }
}
