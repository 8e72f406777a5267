package io.quorate.engine.simulator;

import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.epoch.RosterStep;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.auth.Roster;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The operators of a group: they draw the next roster, approve it, start the newcomer, and have some peer ask for it, again until
 * the group is there. Now and then somebody asks with approvals that are not enough, forged, or of another epoch.
 */
final class SimOperator {
    private static final long FIRST_COMMAND_ID = 1L << 41;
    private static final long AGAIN_NS = 25_000_000;

    private final SimCluster cluster;
    private final SimKeys keys;
    private final SimRandom random;
    private final List<Long> stepsAtNs;
    private final Map<Long, Set<Verdict>> allowed = new HashMap<>();
    private final int peersMax;
    private int processes;
    private int keyCount;
    private int ports;
    private int stepsTaken;
    private long commands;
    private Roster next;

    /** @param stepsAtNs when each step is asked for, at the earliest */
    SimOperator(final SimCluster cluster, final SimKeys keys, final SimRandom random, final List<Long> stepsAtNs) {
        this.cluster = cluster;
        this.keys = keys;
        this.random = random;
        this.stepsAtNs = stepsAtNs;
        processes = cluster.newest().size();
        keyCount = processes;
        ports = processes;
        peersMax = processes + 2;
    }

    void start() {
        if (!isDone()) {
            cluster.clock().schedule(stepsAtNs.getFirst(), this::act);
        }
    }

    /** True when the group is in its last epoch. */
    boolean isDone() {
        return stepsTaken == stepsAtNs.size();
    }

    private void act() {
        final SimEpoch now = cluster.newest();
        if (next != null && now.number() == next.epoch()) {
            stepsTaken++;
            next = null;
        }
        if (isDone()) {
            return;
        }
        final long waitNs = stepsAtNs.get(stepsTaken) - cluster.clock().nowNs();
        if (next == null && waitNs <= 0) {
            draw(now);
        }
        if (next != null) {
            ask(now);
        }
        cluster.clock().schedule(Math.max(AGAIN_NS, waitNs), this::act);
    }

    /** Another roster, one step away, that allows as many faults as the plan has. */
    private void draw(final SimEpoch now) {
        final Roster current = now.roster();
        final List<RosterStep.Kind> kinds = new ArrayList<>(List.of(RosterStep.Kind.REPLACE));
        if (!cluster.isReplacingOnly()) {
            kinds.addFirst(RosterStep.Kind.ROTATE);
            kinds.addLast(RosterStep.Kind.MOVE);
        }
        if (current.size() < peersMax && !cluster.isReplacingOnly()) {
            kinds.add(RosterStep.Kind.ADD);
            kinds.add(RosterStep.Kind.ADD);
        }
        final int fewer = current.size() - 1;
        if (!cluster.isReplacingOnly()
                && fewer >= RosterStep.PEERS_MIN
                && Quorum.of(fewer).faultyMax() >= cluster.faultyMax()) {
            kinds.add(RosterStep.Kind.REMOVE);
            kinds.add(RosterStep.Kind.REMOVE);
        }
        final int id = random.nextInt(current.size());
        final Roster.Peer old = current.peer(id);
        final List<Roster.Peer> peers = new ArrayList<>(current.peers());
        int newcomer = -1;
        switch (kinds.get(random.nextInt(kinds.size()))) {
            case ADD -> {
                newcomer = processes++;
                peers.add(SimEpoch.peer(peers.size(), newcomer, keyCount++, port(ports++)));
            }
            case REPLACE -> {
                newcomer = processes++;
                peers.set(id, SimEpoch.peer(id, newcomer, keyCount++, port(ports++)));
            }
            case REMOVE -> {
                final Roster.Peer last = peers.removeLast();
                if (id < peers.size()) {
                    peers.set(id, new Roster.Peer(id, last.name(), last.host(), last.port(), last.publicKey()));
                }
            }
            case ROTATE -> peers.set(id, SimEpoch.peer(id, now.process(id), keyCount++, old.port()));
            case MOVE -> peers.set(id, new Roster.Peer(id, old.name(), old.host(), port(ports++), old.publicKey()));
        }
        next = Roster.of(current.epoch() + 1, peers, current.settings());
        if (newcomer >= 0) {
            cluster.join(newcomer, current, SimEpoch.of(next));
        }
    }

    private static int port(final int number) {
        return 40_000 + number;
    }

    private void ask(final SimEpoch now) {
        final SimPeer peer = cluster.peer(now.process(random.nextInt(now.size())));
        if (!peer.isCorrect() || peer.epoch() != now.number()) {
            return;
        }
        if (random.nextInt(4) == 0) {
            askBadly(peer, now);
        }
        final int quorum = Quorum.of(now.size()).quorum();
        final byte[] command = ReconfigureCommand.encode(now.roster(), next, approvals(now, quorum));
        // It may have been accepted before, and be ordered again in the epoch that followed.
        submit(peer, now, command, EnumSet.of(Verdict.ACCEPTED, Verdict.PENDING, Verdict.OTHER_GROUP));
    }

    private void askBadly(final SimPeer peer, final SimEpoch now) {
        final int quorum = Quorum.of(now.size()).quorum();
        final Map<Integer, byte[]> approvals = approvals(now, quorum);
        final Roster asked = next;
        final byte[] command = switch (random.nextInt(3)) {
            case 0 -> {
                approvals.remove(approvals.keySet().iterator().next());
                yield ReconfigureCommand.encode(now.roster(), asked, approvals);
            }
            case 1 -> {
                approvals.replaceAll((id, approval) -> approval.clone());
                approvals.values().iterator().next()[random.nextInt(64)] ^= 1;
                yield ReconfigureCommand.encode(now.roster(), asked, approvals);
            }
            // Approvals name the group of their epoch: those for another one are void.
            default -> ReconfigureCommand.encode(next, asked, approvals);
        };
        submit(peer, now, command, EnumSet.complementOf(EnumSet.of(Verdict.ACCEPTED, Verdict.NO_QUESTION)));
    }

    private Map<Integer, byte[]> approvals(final SimEpoch now, final int count) {
        final Map<Integer, byte[]> approvals = new TreeMap<>();
        while (approvals.size() < count) {
            final int id = random.nextInt(now.size());
            approvals.put(id, ReconfigureCommand.approve(now.signer(keys, id), now.roster(), next));
        }
        return approvals;
    }

    private void submit(
            final SimPeer peer, final SimEpoch now, final byte[] command, final Set<Verdict> allowedVerdicts) {
        final long commandId = FIRST_COMMAND_ID + commands++;
        allowed.put(commandId, allowedVerdicts);
        if (peer.reconfigure(commandId, command)) {
            cluster.trace().record(cluster.clock().nowNs(), peer.node(), Trace.Kind.ASK, now.number() + 1, commandId);
        }
    }

    boolean isOwn(final long commandId) {
        return commandId >= FIRST_COMMAND_ID;
    }

    /** A correct client believes what became of a command. */
    void onVerdict(final long commandId, final Verdict verdict) {
        if (!allowed.getOrDefault(commandId, Set.of()).contains(verdict)) {
            throw new SafetyChecker.Violation(
                    "succession",
                    "the command " + Long.toHexString(commandId) + " is " + verdict + ", may be "
                            + allowed.get(commandId));
        }
    }
}
