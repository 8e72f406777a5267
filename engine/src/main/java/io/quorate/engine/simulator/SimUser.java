package io.quorate.engine.simulator;

import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.pbft.PbftAdapter;
import io.quorate.engine.pbft.PbftClient;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.pbft.PbftPublisher;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.engine.reading.ReadAdapter;
import io.quorate.engine.reading.ReadClient;
import io.quorate.engine.reading.ReadContext;
import io.quorate.engine.reading.ReadPublisher;
import io.quorate.engine.reading.ReadServer;
import io.quorate.engine.verification.VerifyRing;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.util.HashMap;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** The client of a peer in one life and epoch: what it asks, and what it comes to believe, which the checkers are told. */
final class SimUser {
    private static final int PADDING_MAX = 64;

    private static final int SIGNATURES = 16;
    private static final int SIGNED_LENGTH_MAX = 300;
    private static final int CHECKS_MAX = 4;
    private static final int CHECK_MAX_NS = 1_000_000;

    private final SimPeer peer;
    private final SimCluster cluster;
    private final PbftContext context;
    private final PbftPublisher publisher;
    private final Outbox outbox;
    private final UnsafeBuffer command = new UnsafeBuffer(new byte[RegisterMachine.COMMAND_LENGTH_MIN + PADDING_MAX]);
    private final Map<Long, Long> commandIds = new HashMap<>();
    private final Map<Long, Query> queries = new HashMap<>();
    private PbftClient client;
    private PbftAdapter adapter;
    private SimRandom checking;
    private long checkAtNs;
    private ReadServer readServer;
    private ReadClient readClient;
    private ReadAdapter readAdapter;

    private record Query(long queryId, int register) {}

    SimUser(
            final SimPeer peer,
            final SimCluster cluster,
            final PbftContext context,
            final PbftPublisher publisher,
            final Outbox outbox) {
        this.peer = peer;
        this.cluster = cluster;
        this.context = context;
        this.publisher = publisher;
        this.outbox = outbox;
    }

    /** Stands beside a replica from now on. */
    void join(final PbftReplica replica, final Signer signer, final Verifier verifier, final SimExecution execution) {
        client = new PbftClient(context, publisher, signer, replica, this::onReply);
        adapter = new PbftAdapter(replica, client);
        checking = peer.draw(3000);
        if (checking.nextBoolean()) {
            adapter.verifyWith(new VerifyRing(
                    verifier, context.peerCount(), SIGNATURES, SIGNED_LENGTH_MAX, 1 + checking.nextInt(CHECKS_MAX)));
        }
        final ReadContext reads = new ReadContext()
                .peerCount(context.peerCount())
                .selfId(context.selfId())
                .quorum(context.quorum())
                .clientWindow(context.clientWindow())
                .isUnordered(context.isReading());
        cluster.readSettings().accept(reads);
        reads.conclude();
        final Counters<ReadCounter> readCounters = new Counters<>(ReadCounter.class);
        final ReadPublisher readPublisher = new ReadPublisher(reads, outbox);
        readServer = new ReadServer(reads, readPublisher, replica.order(), execution, readCounters);
        readClient = new ReadClient(
                reads, peer.firstNumber(), readPublisher, readServer, client, this::onAnswer, readCounters);
        readAdapter = new ReadAdapter(reads, readServer, readClient, readCounters);
    }

    /** Goes on where the peer's client in the epoch before ended. */
    void adopt(final SimUser before) {
        commandIds.putAll(before.commandIds);
        queries.putAll(before.queries);
        client.adopt(before.client, peer.nowNs());
        readClient.adopt(before.readClient, peer.nowNs());
    }

    ReadServer readServer() {
        return readServer;
    }

    int outstandingCount() {
        return client.outstandingCount();
    }

    void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!adapter.onMessage(senderId, buffer, offset, lengthBytes, peer.nowNs())) {
            readAdapter.onMessage(senderId, buffer, offset, lengthBytes);
        }
    }

    void onTick(final long nowNs) {
        client.onTick(nowNs);
        readServer.onTick();
        readClient.onTick(nowNs);
        // Another thread checks signatures, and is as fast as it is.
        if (nowNs - checkAtNs >= 0) {
            checkAtNs = nowNs + checking.nextInt(CHECK_MAX_NS);
            adapter.onTurn(nowNs);
        }
    }

    /** Submits a command; false if the client cannot take it now. */
    boolean submit(final long commandId, final SimRandom workload) {
        final int length = RegisterMachine.encode(command, commandId, workload, workload.nextInt(PADDING_MAX));
        final long requestNumber = client.submit(command, 0, length, peer.nowNs());
        if (requestNumber == Ordering.REFUSED) {
            return false;
        }
        record(Trace.Kind.SUBMIT, requestNumber, commandId);
        commandIds.put(requestNumber, commandId);
        cluster.safety()
                .onSubmitted(commandId, RegisterMachine.register(command, 0), RegisterMachine.value(command, 0));
        cluster.liveness().onSubmitted(peer.number(), commandId);
        return true;
    }

    /** Asks for another roster; false if the client cannot now. */
    boolean reconfigure(final long commandId, final byte[] body) {
        final long requestNumber = client.submit(new UnsafeBuffer(body), 0, body.length, peer.nowNs());
        if (requestNumber == Ordering.REFUSED) {
            return false;
        }
        commandIds.put(requestNumber, commandId);
        return true;
    }

    /** Reads a register; false if the client cannot now. */
    boolean read(final long queryId, final SimRandom workload) {
        final int register = RegisterMachine.drawRegister(workload);
        final int length = RegisterMachine.encodeQuery(command, queryId, register);
        // Before it is asked: a group of one answers at once.
        cluster.safety().onReadBegun(queryId);
        cluster.liveness().onSubmitted(peer.number(), queryId);
        final long readNumber = readClient.read(command, 0, length, peer.nowNs());
        if (readNumber == Ordering.REFUSED) {
            cluster.safety().onReadGivenUp(queryId);
            cluster.liveness().onBelieved(queryId);
            return false;
        }
        record(Trace.Kind.SUBMIT, readNumber, queryId);
        queries.put(readNumber, new Query(queryId, register));
        return true;
    }

    private void onAnswer(final long readNumber, final DirectBuffer answer, final int offset, final int lengthBytes) {
        final Query query = queries.remove(readNumber);
        if (!peer.isCorrect()) {
            return;
        }
        if (query == null || lengthBytes != RegisterMachine.ANSWER_LENGTH) {
            throw peer.violation("replies", "is told " + lengthBytes + " bytes in answer to read " + readNumber);
        }
        record(Trace.Kind.REPLY, readNumber, query.queryId);
        cluster.safety()
                .onReadBelieved(
                        peer.number(),
                        query.queryId,
                        query.register,
                        answer.getLong(offset),
                        answer.getLong(offset + Long.BYTES));
        cluster.liveness().onBelieved(query.queryId);
    }

    private void onReply(final long requestNumber, final DirectBuffer reply, final int offset, final int lengthBytes) {
        if (readClient.onReply(requestNumber, reply, offset, lengthBytes)) {
            return;
        }
        final Long commandId = commandIds.remove(requestNumber);
        if (!peer.isCorrect()) {
            return;
        }
        if (commandId != null && cluster.operator().isOwn(commandId)) {
            cluster.operator().onVerdict(commandId, Verdict.of(reply, offset, lengthBytes));
            return;
        }
        if (commandId == null || lengthBytes != RegisterMachine.REPLY_LENGTH) {
            throw peer.violation("replies", "is told " + lengthBytes + " bytes in reply to request " + requestNumber);
        }
        record(Trace.Kind.REPLY, requestNumber, commandId);
        cluster.safety()
                .onBelieved(
                        peer.number(),
                        commandId,
                        RegisterMachine.position(reply, offset),
                        RegisterMachine.chain(reply, offset));
        cluster.liveness().onBelieved(commandId);
    }

    private void record(final Trace.Kind kind, final long number, final long subjectId) {
        cluster.trace().record(cluster.clock().nowNs(), peer.node(), kind, number, subjectId);
    }
}
