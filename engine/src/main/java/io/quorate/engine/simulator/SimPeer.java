package io.quorate.engine.simulator;

import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.pbft.PbftAdapter;
import io.quorate.engine.pbft.PbftClient;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.pbft.PbftListener;
import io.quorate.engine.pbft.PbftPublisher;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.engine.reading.ReadAdapter;
import io.quorate.engine.reading.ReadClient;
import io.quorate.engine.reading.ReadContext;
import io.quorate.engine.reading.ReadPublisher;
import io.quorate.engine.reading.ReadServer;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One peer in all its lives. Each life is the production stack made anew, as a restarted process without a journal would
 * make it: nothing is carried over but the peer's id and key.
 */
final class SimPeer implements RegisterMachine.Observer, PbftListener {
    private static final long TICK_NS = 2_000_000;
    private static final int PADDING_MAX = 64;
    private static final long CLOCK_DRIFT_DIVISOR = 1_000;
    private static final long CLOCK_ORIGIN_NS = 1_000_000_000_000L;
    private static final long NUMBERS_PER_LIFE = 1L << 32;

    private final int id;
    private final SimCluster cluster;
    private final SimKeys keys;
    private final ByzantinePeer.Plot plot;
    private final ByzantinePeer.Strategy strategy;
    private final SimRandom random;
    private final Consumer<PbftContext> settings;
    private final UnsafeBuffer command = new UnsafeBuffer(new byte[RegisterMachine.COMMAND_LENGTH_MIN + PADDING_MAX]);
    private final Map<Long, Long> commandIds = new HashMap<>();
    private final Map<Long, Query> queries = new HashMap<>();
    private final FrameHandler onMessage;
    private int incarnation;
    private boolean isUp;
    private boolean isVoting;
    private long pausedUntilNs;
    private int seenKind;
    private long seenView;
    private long seenSequence;
    private long seenDigest;
    private long votedMax;
    private long votedMaxBefore;
    private long appliedCount;
    private long stableBefore;
    private int windowLength;
    private int clientWindow;
    private int waitingMax;
    private Outbox outbox;
    private SimExecution execution;
    private PbftReplica replica;
    private PbftClient client;
    private PbftAdapter adapter;
    private ReadServer readServer;
    private ReadClient readClient;
    private ReadAdapter readAdapter;

    private record Query(long queryId, int register) {}

    SimPeer(
            final int id,
            final SimCluster cluster,
            final SimKeys keys,
            final ByzantinePeer.Plot plot,
            final ByzantinePeer.Strategy strategy,
            final SimRandom random,
            final Consumer<PbftContext> settings) {
        this.id = id;
        this.cluster = cluster;
        this.keys = keys;
        this.plot = plot;
        this.strategy = strategy;
        this.random = random;
        this.settings = settings;
        onMessage = (sender, buffer, offset, length) -> {
            if (!adapter.onMessage(sender, buffer, offset, length, nowNs())) {
                readAdapter.onMessage(sender, buffer, offset, length);
            }
        };
    }

    /** Begins a life; the first one has a vote at once, a later one must earn it. */
    void start() {
        if (isUp) {
            return;
        }
        incarnation++;
        isUp = true;
        isVoting = incarnation == 1;
        appliedCount = 0;
        votedMaxBefore = votedMax;
        seenKind = 0;
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.RESTART, incarnation, 0);
        final SimNetwork.Port port = cluster.network().attach(id, incarnation, this::onFrame);
        final Signer signer = strategy == null ? this::watchAndSign : keys.signer(id);
        outbox = strategy == null
                ? new SimNetwork.VoteWatch(this::onVote, port)
                : new ByzantinePeer(id, strategy, port, signer, cluster.clock(), random.split(incarnation), plot);
        final PbftContext context = new PbftContext()
                .peerCount(cluster.peerCount())
                .selfId(id)
                .random(random.split(1000 + incarnation))
                .isFirstStart(incarnation == 1)
                .firstRequestNumber(1 + (incarnation - 1) * NUMBERS_PER_LIFE);
        settings.accept(context);
        context.conclude();
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
                () -> pausedUntilNs);
        final PbftPublisher publisher = new PbftPublisher(context, outbox);
        replica = new PbftReplica(context, publisher, signer, keys.verifier(), execution, this);
        client = new PbftClient(context, publisher, signer, replica, this::onReply);
        adapter = new PbftAdapter(replica, client);
        final ReadContext reads = new ReadContext()
                .peerCount(context.peerCount())
                .selfId(id)
                .quorum(context.quorum())
                .clientWindow(clientWindow)
                .isUnordered(context.isReading());
        cluster.readSettings().accept(reads);
        reads.conclude();
        final Counters<ReadCounter> readCounters = new Counters<>(ReadCounter.class);
        final ReadPublisher readPublisher = new ReadPublisher(reads, outbox);
        readServer = new ReadServer(reads, readPublisher, replica.order(), execution, readCounters);
        readClient = new ReadClient(
                reads,
                1 + (incarnation - 1) * NUMBERS_PER_LIFE,
                readPublisher,
                readServer,
                client,
                this::onAnswer,
                readCounters);
        readAdapter = new ReadAdapter(reads, readServer, readClient, readCounters);
        execution.listener(replica, readServer, this::endTurn);
        tickLater(incarnation);
    }

    /** Ends this life at once: nothing of it is kept, what is under way to it is lost. */
    void crash() {
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.CRASH, incarnation, 0);
        isUp = false;
        isVoting = false;
        pausedUntilNs = 0;
        commandIds.clear();
        queries.clear();
        execution.stop();
        cluster.network().detach(id);
        cluster.liveness().onCrashed(id);
    }

    /** Does nothing until then; what arrives meanwhile waits. */
    void pause(final long untilNs) {
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.PAUSE, untilNs, 0);
        pausedUntilNs = Math.max(pausedUntilNs, untilNs);
    }

    /** Hands a command to the peer's own client; false if it cannot take it now. */
    boolean submit(final long commandId, final SimRandom workload) {
        if (!isUp || isPaused()) {
            return false;
        }
        final int length = RegisterMachine.encode(command, commandId, workload, workload.nextInt(PADDING_MAX));
        final long requestNumber = client.submit(command, 0, length, nowNs());
        if (requestNumber == Ordering.REFUSED) {
            return false;
        }
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.SUBMIT, requestNumber, commandId);
        commandIds.put(requestNumber, commandId);
        cluster.safety()
                .onSubmitted(commandId, RegisterMachine.register(command, 0), RegisterMachine.value(command, 0));
        cluster.liveness().onSubmitted(id, commandId);
        endTurn();
        return true;
    }

    /** Has the peer's own client read a register; false if it cannot now. */
    boolean read(final long queryId, final SimRandom workload) {
        if (!isUp || isPaused()) {
            return false;
        }
        final int register = RegisterMachine.drawRegister(workload);
        final int length = RegisterMachine.encodeQuery(command, queryId, register);
        // Before it is asked: a group of one answers at once.
        cluster.safety().onReadBegun(queryId);
        cluster.liveness().onSubmitted(id, queryId);
        final long readNumber = readClient.read(command, 0, length, nowNs());
        if (readNumber == Ordering.REFUSED) {
            cluster.safety().onReadGivenUp(queryId);
            cluster.liveness().onBelieved(queryId);
            return false;
        }
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.SUBMIT, readNumber, queryId);
        queries.put(readNumber, new Query(queryId, register));
        endTurn();
        return true;
    }

    private void onAnswer(final long readNumber, final DirectBuffer answer, final int offset, final int lengthBytes) {
        final Query query = queries.remove(readNumber);
        if (!isCorrect()) {
            return;
        }
        cluster.safety()
                .require(
                        query != null && lengthBytes == RegisterMachine.ANSWER_LENGTH,
                        "replies",
                        "client " + id + " gets an answer of " + lengthBytes + " bytes to read " + readNumber);
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.REPLY, readNumber, query.queryId);
        cluster.safety()
                .onReadBelieved(
                        id, query.queryId, query.register, answer.getLong(offset), answer.getLong(offset + Long.BYTES));
        cluster.liveness().onBelieved(query.queryId);
    }

    /** True unless the fault plan made it a liar. */
    boolean isCorrect() {
        return strategy == null;
    }

    boolean isUp() {
        return isUp;
    }

    /** True if it is up and counts as a voter: from its first start, or since it earned its vote back. */
    boolean isVoting() {
        return isUp && isVoting;
    }

    long appliedCount() {
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

    /** This peer's own monotonic clock: another origin a peer, the same speed within a part in a thousand. */
    private long nowNs() {
        final long nowNs = cluster.clock().nowNs();
        return nowNs + nowNs / CLOCK_DRIFT_DIVISOR * (id - 2) + id * CLOCK_ORIGIN_NS;
    }

    private void tickLater(final int life) {
        cluster.clock().schedule(TICK_NS / 2 + random.nextLong(TICK_NS), () -> tick(life));
    }

    private void tick(final int life) {
        if (!isUp || life != incarnation) {
            return;
        }
        if (!isPaused()) {
            endTurn();
        }
        tickLater(life);
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
        SimNetwork.unpack(senderId, frame, lengthBytes, onMessage);
        endTurn();
    }

    /** The rest of a duty cycle: timers, then what waits to be sent. */
    private void endTurn() {
        replica.onTick(nowNs());
        client.onTick(nowNs());
        readServer.onTick();
        readClient.onTick(nowNs());
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
        if (client.outstandingCount() > clientWindow) {
            violated("bounds", "waits for " + client.outstandingCount() + " replies, at most " + clientWindow);
        }
        if (replica.isVoting() != isVoting) {
            violated("amnesia", "does not know whether it votes");
        }
        if (replica.counters().get(PbftCounter.DROPPED_MALFORMED) != 0) {
            violated("bounds", "could not decode a message, though nobody sends such");
        }
        stableBefore = stable;
    }

    private void violated(final String property, final String statement) {
        throw new SafetyChecker.Violation(property, this + " " + statement);
    }

    private void onReply(final long requestNumber, final DirectBuffer reply, final int offset, final int lengthBytes) {
        if (readClient.onReply(requestNumber, reply, offset, lengthBytes)) {
            return;
        }
        final Long commandId = commandIds.remove(requestNumber);
        if (!isCorrect()) {
            return;
        }
        if (commandId == null || lengthBytes != RegisterMachine.REPLY_LENGTH) {
            violated("replies", "is told " + lengthBytes + " bytes in reply to request " + requestNumber);
        }
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.REPLY, requestNumber, commandId);
        cluster.safety()
                .onBelieved(
                        id, commandId, RegisterMachine.position(reply, offset), RegisterMachine.chain(reply, offset));
        cluster.liveness().onBelieved(commandId);
    }

    @Override
    public void onApplied(
            final long position, final long sequence, final int clientId, final long commandId, final long chain) {
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.APPLY, sequence, commandId);
        appliedCount = position + 1;
        if (isCorrect()) {
            cluster.safety().onApplied(id, position, sequence, clientId, commandId, chain);
        }
    }

    @Override
    public void onRestored(final long newAppliedCount, final long chain) {
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.RESTORE, newAppliedCount, chain);
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
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.CHECKPOINT, sequence, stateDigest.prefix());
        if (isCorrect()) {
            cluster.safety().onCheckpoint(id, sequence, stateDigest.prefix());
        }
    }

    @Override
    public void onEvidence(final Evidence found) {
        if (isCorrect()) {
            cluster.safety()
                    .require(
                            !cluster.isCorrect(found.accusedId()),
                            "evidence",
                            "peer " + id + " holds a " + found.kind() + " conflict of sequence " + found.sequence()
                                    + " against peer " + found.accusedId() + ", which is correct");
        }
    }

    @Override
    public void onViewChangeStarted(final long view) {
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.LEAVE, view, 0);
    }

    @Override
    public void onViewChanged(final long view, final int primaryId) {
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.ENTER, view, primaryId);
    }

    @Override
    public void onVotingAgain(final long sequence) {
        cluster.trace().record(cluster.clock().nowNs(), id, Trace.Kind.VOTES, incarnation, sequence);
        isVoting = true;
        if (isCorrect() && sequence < votedMaxBefore) {
            violated(
                    "amnesia",
                    "votes again above sequence " + sequence + " but may have voted up to " + votedMaxBefore
                            + " in an earlier life");
        }
    }

    private void onVote(final int kind, final long view, final long sequence, final long digest) {
        if (kind == seenKind && view == seenView && sequence == seenSequence && digest == seenDigest) {
            // The same vote to the next receiver, in the same life: a new one forgets what was seen last.
            return;
        }
        seenKind = kind;
        seenView = view;
        seenSequence = sequence;
        seenDigest = digest;
        requireVote("a vote", sequence > votedMaxBefore, sequence);
        votedMax = Math.max(votedMax, sequence);
        cluster.safety().onVote(id, kind, view, sequence, digest);
    }

    /**
     * Sees every vote that is signed. It is watched here and not on its way out, because whoever passes on what it signed in an
     * earlier life does not vote.
     */
    private void watchAndSign(
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer signature,
            final int signatureOffset) {
        switch (domain) {
            case CHECKPOINT ->
                requireVote("a checkpoint", content.getLong(offset) >= votedMaxBefore, content.getLong(offset));
            case VIEW_CHANGE -> {
                final long base = content.getLong(
                        offset + ViewChangeDecoder.baseSequenceEncodingOffset() - Signer.SIGNATURE_LENGTH);
                requireVote("a view change", base >= votedMaxBefore, base);
            }
            case NEW_VIEW -> requireVote("a new view", true, 0);
            default -> {
                // Pre-prepares are watched on their way out; requests and results are no votes.
            }
        }
        keys.signer(id).sign(domain, content, offset, lengthBytes, signature, signatureOffset);
        cluster.safety().onSigned(id, incarnation, domain, content, offset, lengthBytes);
    }

    private void requireVote(final String what, final boolean isAbove, final long sequence) {
        if (incarnation > 1 && !(isVoting && isAbove)) {
            violated(
                    "amnesia",
                    "sends " + what + " of sequence " + sequence + (isVoting ? "" : " without a vote")
                            + "; earlier lives voted up to " + votedMaxBefore);
        }
    }
}
