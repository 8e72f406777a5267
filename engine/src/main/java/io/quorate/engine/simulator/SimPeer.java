package io.quorate.engine.simulator;

import io.quorate.engine.byzantine.ByzantinePeer;
import io.quorate.engine.byzantine.Plot;
import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.checker.LivenessChecker;
import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.disk.SimJournal;
import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.journal.Journal;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.MemoryJournal;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.pbft.PbftListener;
import io.quorate.engine.pbft.PbftPublisher;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One peer in all its lives. Each life is the production stack made anew, as a restarted process would make it: nothing is
 * carried over but the peer's id and key, and the disk of a durable peer.
 */
final class SimPeer implements RegisterMachine.Observer, PbftListener, LivenessChecker.Watched {
    private static final long TICK_NS = 2_000_000;
    private static final int GATE_BYTES_MAX = 256 * 1024;
    private static final long CLOCK_DRIFT_MAX_PPM = 10_000;
    private static final long CLOCK_ORIGIN_NS = 1_000_000_000_000L;
    private static final long NUMBERS_PER_LIFE = 1L << 32;

    private final int id;
    private final int node;
    private final SimCluster cluster;
    private final SimKeys keys;
    private final Plot plot;
    private final Strategy strategy;
    private final SimRandom random;
    private final Consumer<PbftContext> settings;
    private final SimJournal disk;
    private final VoteWatch watch;
    private final FrameHandler onMessage;
    private final Runnable endTurn = this::endTurn;
    private final long clockDriftPpm;
    private long clockShiftNs;
    private boolean isLying;
    private ByzantinePeer liar;
    private long timeoutNs;
    private int incarnation;
    private boolean isUp;
    private boolean isVoting;
    private long pausedUntilNs;
    private long appliedCount;
    private long stableBefore;
    private int windowLength;
    private int clientWindow;
    private int waitingMax;
    private Outbox outbox;
    private SimExecution execution;
    private PbftReplica replica;
    private SimUser user;

    /** @param node its place in the network: the id, or a place behind all peers for the second half of a twin */
    SimPeer(
            final int id,
            final int node,
            final SimCluster cluster,
            final SimKeys keys,
            final Plot plot,
            final Strategy strategy,
            final SimRandom random,
            final boolean isDurable,
            final Consumer<PbftContext> settings) {
        this.id = id;
        this.node = node;
        this.cluster = cluster;
        this.keys = keys;
        this.plot = plot;
        this.strategy = strategy;
        this.random = random;
        this.settings = settings;
        onMessage = this::onMessage;
        disk = isDurable && strategy == null ? cluster.newDisk(id, random.split(3000)) : null;
        watch = strategy == null ? new VoteWatch(this, cluster, keys.signer(id)) : null;
        clockDriftPpm = random.between(-CLOCK_DRIFT_MAX_PPM, CLOCK_DRIFT_MAX_PPM);
    }

    /** Begins a life; the first one has a vote at once, a later one must earn it. */
    void start() {
        if (isUp) {
            return;
        }
        incarnation++;
        isUp = true;
        appliedCount = 0;
        final JournalHistory history = disk == null ? JournalHistory.empty() : disk.open(this::onDurable);
        // A start counts once its first base is on the disk; before that nothing has been said.
        final boolean isFirst = incarnation == 1 || (disk != null && !disk.hasSpoken());
        isVoting = history.isIntact() ? isVoting : isFirst;
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.RESTART, incarnation, 0);
        final SimNetwork.Port port = cluster.network().attach(node, incarnation, this::onFrame);
        final Signer signer = strategy == null ? watch : keys.signer(id);
        final PbftContext context = new PbftContext()
                .peerCount(cluster.peerCount())
                .selfId(id)
                .random(random.split(1000 + incarnation))
                .isFirstStart(isFirst)
                .firstRequestNumber(1 + (incarnation - 1) * NUMBERS_PER_LIFE);
        settings.accept(context);
        context.conclude();
        timeoutNs = context.viewChangeTimeoutNs();
        if (watch != null) {
            watch.begin(port, history.isIntact());
        }
        final Outbox way = watch != null ? watch : lie(port, signer, context);
        final DurableGate held = disk == null ? null : new DurableGate(disk, way, GATE_BYTES_MAX);
        outbox = held == null ? way : held;
        stableBefore = 0;
        windowLength = context.windowLength();
        clientWindow = context.clientWindow();
        // Twice its window a client, and whatever slots refer to.
        waitingMax = 2 * clientWindow * context.peerCount() + windowLength * context.batchCountMax();
        final SimExecution.Gate gate = new SimExecution.Gate(this);
        final ExactlyOnce exactlyOnce = new ExactlyOnce(
                new ClientTable(context.peerCount(), context.clientWindow()), new RegisterMachine(gate));
        execution = new SimExecution(
                cluster.clock(),
                random.split(2000 + incarnation),
                exactlyOnce,
                gate,
                cluster::refusePpm,
                () -> pausedUntilNs,
                this::guarded);
        final PbftPublisher publisher = new PbftPublisher(context, way, held);
        final Journal journal = disk == null ? MemoryJournal.INSTANCE : disk;
        replica = new PbftReplica(context, publisher, signer, keys.verifier(), execution, this, journal);
        user = new SimUser(this, cluster, context, 1 + (incarnation - 1) * NUMBERS_PER_LIFE, publisher, outbox);
        user.join(replica, signer, execution);
        execution.listener(replica, user.readServer(), this::endTurn);
        if (disk != null) {
            restart(history);
        }
        tickLater(incarnation);
    }

    private Outbox lie(final Outbox port, final Signer signer, final PbftContext context) {
        liar = new ByzantinePeer(
                id,
                strategy,
                port,
                signer,
                random.split(incarnation),
                new SimCluster.LiarScene(this, cluster, incarnation, strategy),
                plot,
                context.messageLengthMax());
        return liar;
    }

    private void onDurable() {
        if (!isPaused()) {
            endTurn();
        }
    }

    /** With an intact journal a peer that had its vote has it at once, and knows whatever it said. */
    private void restart(final JournalHistory history) {
        final boolean votedBefore = isVoting;
        isVoting |= history.isIntact();
        replica.restart(history, nowNs());
        if (history.isIntact()) {
            isVoting = replica.isVoting();
            if (votedBefore && !isVoting) {
                violated("journal", "restarts from its journal without the vote that it had");
            }
        }
    }

    /** Ends this life at once: nothing of it is kept but a disk, in the state that {@code damage} says. */
    void crash(final SimJournal.Damage damage) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.CRASH, incarnation, 0);
        isUp = false;
        isVoting &= disk != null && disk.crash(damage);
        pausedUntilNs = 0;
        execution.stop();
        cluster.network().detach(node);
        cluster.liveness().onCrashed(id);
    }

    /** Does nothing until then; what arrives meanwhile waits. */
    void pause(final long untilNs) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.PAUSE, untilNs, 0);
        pausedUntilNs = Math.max(pausedUntilNs, untilNs);
    }

    /** Moves its clock, ahead or back, as a machine's that is moved or badly kept. */
    void moveClock(final long byNs) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.CLOCK, byNs, 0);
        clockShiftNs += byNs;
    }

    /** Begins to lie. */
    void turn() {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.TURN, strategy.ordinal(), 0);
        isLying = true;
    }

    /** Hands a command to the peer's own client; false if it cannot take it now. */
    boolean submit(final long commandId, final SimRandom workload) {
        return isUp && !isPaused() && user.submit(commandId, workload) && afterTurn();
    }

    /** Has the peer's own client read a register; false if it cannot now. */
    boolean read(final long queryId, final SimRandom workload) {
        return isUp && !isPaused() && user.read(queryId, workload) && afterTurn();
    }

    private boolean afterTurn() {
        endTurn();
        return true;
    }

    /** True unless the fault plan made it a liar. */
    @Override
    public boolean isCorrect() {
        return strategy == null;
    }

    boolean isUp() {
        return isUp;
    }

    SimJournal disk() {
        return disk;
    }

    int id() {
        return id;
    }

    int node() {
        return node;
    }

    int incarnation() {
        return incarnation;
    }

    boolean isLying() {
        return isLying;
    }

    boolean isPrimary() {
        return replica.isPrimary();
    }

    /** How long it waits for a primary. */
    long timeoutNs() {
        return timeoutNs;
    }

    boolean isTwin() {
        return strategy == Strategy.TWIN;
    }

    /** True if it counts against f at this moment: it lies, is down, or has not got its vote back. */
    boolean isFaulty() {
        return isLying || !isVoting();
    }

    /** True if it is up and counts as a voter: from its first start, or since it earned its vote back. */
    @Override
    public boolean isVoting() {
        return isUp && isVoting;
    }

    @Override
    public long appliedCount() {
        return appliedCount;
    }

    @Override
    public String toString() {
        if (!isUp) {
            return "peer " + id + " (life " + incarnation + ", down)";
        }
        return "peer " + id + " (life " + incarnation + ", view " + replica.view()
                + (replica.isActive() ? "" : " awaited")
                + ", stable " + replica.stableSequence() + ", committed " + replica.committedSequence() + ", executed "
                + replica.executedSequence() + (isVoting ? "" : ", votes from " + replica.recoverySequence()) + ")";
    }

    private boolean isPaused() {
        return cluster.clock().nowNs() < pausedUntilNs;
    }

    /** This peer's own clock: another origin a peer, its speed within a part in a hundred, moved by faults. */
    long nowNs() {
        final long nowNs = cluster.clock().nowNs();
        return nowNs + nowNs * clockDriftPpm / SimRandom.CERTAIN_PPM + id * CLOCK_ORIGIN_NS + clockShiftNs;
    }

    private void tickLater(final int life) {
        cluster.clock().schedule(TICK_NS / 2 + random.nextLong(TICK_NS), () -> tick(life));
    }

    private void tick(final int life) {
        if (!isUp || life != incarnation) {
            return;
        }
        if (!isPaused()) {
            guarded(endTurn);
        }
        tickLater(life);
    }

    /**
     * What a peer does in one turn. The core of a liar may meet what its own lies brought about and stop at a broken invariant,
     * as a process would: it starts anew without its memory. The same at a correct peer is a violation.
     */
    private void guarded(final Runnable turn) {
        if (isCorrect()) {
            turn.run();
            return;
        }
        try {
            turn.run();
        } catch (final SafetyChecker.Violation violation) {
            throw violation;
        } catch (final RuntimeException ownFault) {
            crash(SimJournal.Damage.NONE);
            cluster.clock().schedule(TICK_NS, this::start);
        }
    }

    private void onFrame(final int senderId, final DirectBuffer frame, final int lengthBytes) {
        if (isPaused()) {
            final UnsafeBuffer copy = new UnsafeBuffer(new byte[lengthBytes]);
            copy.putBytes(0, frame, 0, lengthBytes);
            final int life = incarnation;
            cluster.clock().schedule(pausedUntilNs - cluster.clock().nowNs(), () -> {
                if (isUp && life == incarnation) {
                    onFrame(senderId, copy, lengthBytes);
                }
            });
            return;
        }
        if (isCorrect()) {
            SimNetwork.unpack(senderId, frame, lengthBytes, onMessage);
            endTurn();
        } else {
            guarded(() -> {
                SimNetwork.unpack(senderId, frame, lengthBytes, onMessage);
                endTurn();
            });
        }
    }

    private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final boolean isHeard = liar == null || liar.isHeard(senderId, buffer, offset);
        if (isHeard) {
            user.onMessage(senderId, buffer, offset, lengthBytes);
        }
    }

    /** The rest of a duty cycle: timers, then what waits to be sent. */
    private void endTurn() {
        replica.onTick(nowNs());
        user.onTick(nowNs());
        outbox.flush();
        if (isCorrect()) {
            checkBounds();
        }
    }

    /** What a replica shows of itself stays within what its settings promise. Words are made only when it does not. */
    private void checkBounds() {
        final long stable = replica.stableSequence();
        final long executed = replica.executedSequence();
        final long committed = replica.committedSequence();
        if (stable < stableBefore || stable > executed || executed > committed) {
            violated("bounds", "has cursors out of order; stable was " + stableBefore);
        }
        if (committed > stable + windowLength) {
            violated("bounds", "runs past its window of " + windowLength);
        }
        if (replica.waitingCount() > waitingMax) {
            violated("bounds", "holds " + replica.waitingCount() + " waiting requests, at most " + waitingMax);
        }
        if (user.outstandingCount() > clientWindow) {
            violated("bounds", "waits for " + user.outstandingCount() + " replies, at most " + clientWindow);
        }
        if (replica.isVoting() != isVoting) {
            violated("amnesia", "does not know whether it votes");
        }
        if (replica.counters().get(PbftCounter.DROPPED_MALFORMED) != 0 && !cluster.isGarbled()) {
            violated("bounds", "could not decode a message, though nobody sends such");
        }
        stableBefore = stable;
    }

    private void violated(final String property, final String statement) {
        throw violation(property, statement);
    }

    SafetyChecker.Violation violation(final String property, final String statement) {
        return new SafetyChecker.Violation(property, this + " " + statement);
    }

    @Override
    public void onApplied(
            final long position, final long sequence, final int clientId, final long commandId, final long chain) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.APPLY, sequence, commandId);
        appliedCount = position + 1;
        if (isCorrect()) {
            cluster.safety().onApplied(id, position, sequence, clientId, commandId, chain);
        }
    }

    @Override
    public void onRestored(final long newAppliedCount, final long chain) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.RESTORE, newAppliedCount, chain);
        appliedCount = newAppliedCount;
        if (isCorrect()) {
            cluster.safety().onRestored(id, newAppliedCount, chain);
        }
    }

    @Override
    public void onCommitted(final long sequence, final Digest256 batchDigest) {
        if (isCorrect()) {
            cluster.safety().onCommitted(id, sequence, batchDigest.prefix());
        }
    }

    @Override
    public void onStableCheckpoint(final long sequence, final Digest256 stateDigest) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.CHECKPOINT, sequence, stateDigest.prefix());
        if (isCorrect()) {
            cluster.safety().onCheckpoint(id, sequence, stateDigest.prefix());
        }
    }

    @Override
    public void onEvidence(final Evidence found) {
        if (isCorrect() && cluster.isCorrect(found.accusedId())) {
            violated(
                    "evidence",
                    "holds a " + found.kind() + " conflict of sequence " + found.sequence() + " against peer "
                            + found.accusedId() + ", which is correct");
        }
    }

    @Override
    public void onViewChangeStarted(final long view) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.LEAVE, view, 0);
    }

    @Override
    public void onViewChanged(final long view, final int primaryId) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.ENTER, view, primaryId);
    }

    @Override
    public void onVotingAgain(final long sequence) {
        cluster.trace().record(cluster.clock().nowNs(), node, Trace.Kind.VOTES, incarnation, sequence);
        isVoting = true;
        if (isCorrect()) {
            watch.onVotingAgain(sequence);
        }
    }
}
