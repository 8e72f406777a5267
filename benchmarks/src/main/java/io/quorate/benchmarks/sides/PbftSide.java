package io.quorate.benchmarks.sides;

import io.quorate.engine.ConsensusEngine;
import io.quorate.engine.EngineContext;
import io.quorate.engine.ThreadingMode;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.agrona.CloseHelper;
import org.agrona.ExpandableArrayBuffer;

/**
 * Our pBFT: four engines in this process, memory-only or each vote behind a forced write, each frame with a MAC, each request with tags
 * or signed. A request is a question about a round, ordered like any other request: the group's reads are not unordered ones. It is
 * asked at a backup, so that it travels to the primary as a client's request does, and counts as answered when the engine believes the
 * reply: f + 1 equal final ones, or q equal tentative ones.
 */
final class PbftSide implements Side {
    private static final int PEERS = 4;
    private static final int ASKED_PEER = 1;
    private static final int REST_TURNS_MAX = 100;

    /** With the header of a query before it, this name makes a request of the wanted length. */
    private static final String ROUND = "a-round-nobody-knows";

    private final ConsensusEngine[] engines = new ConsensusEngine[PEERS];
    private final ThreadingMode threading;
    private final boolean isDurable;
    private final String requests;
    private final Gate gate;
    private long number;

    /** @param requests the group's setting: tagged or signed */
    PbftSide(final SideName.Place place, final Gate gate, final String requests) {
        this.gate = gate;
        threading = place.threading();
        isDurable = place.isDurable();
        this.requests = requests;
        final int lengthBytes = DecisionMachine.encodeQuery(new ExpandableArrayBuffer(), 0, ROUND);
        if (lengthBytes != REQUEST_BYTES) {
            throw new IllegalStateException("the request has " + lengthBytes + " bytes, not " + REQUEST_BYTES);
        }
        final int[] ports = LocalPorts.free(PEERS);
        final List<PeerIdentity> identities = new ArrayList<>();
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < PEERS; id++) {
            final PeerIdentity identity = PeerIdentity.generate(new SecureRandom());
            identities.add(identity);
            peers.add(new Roster.Peer(id, "peer-" + id, "127.0.0.1", ports[id], identity.publicKey()));
        }
        final Roster roster =
                Roster.of(1, peers, Map.of("dimension", "8", "heads", "2", "reads", "ordered", "requests", requests));
        try {
            for (int id = 0; id < PEERS; id++) {
                engines[id] = ConsensusEngine.launch(new EngineContext()
                        .roster(roster)
                        .identity(identities.get(id))
                        .driverDirectory(place.memory().resolve("driver-" + id))
                        .dataDirectory(place.data().resolve("peer-" + id))
                        .memoryOnly(!isDurable)
                        .warmUpMax(Duration.ZERO)
                        .threadingMode(threading)
                        .idleStrategy(() -> gate));
            }
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public void request() {
        final ConsensusEngine asked = engines[ASKED_PEER];
        final long ticket = asked.askRoundStatus(ROUND);
        number++;
        final Deadline deadline = new Deadline("the group does not answer request " + number);
        RoundStatus status = asked.answer(ticket);
        while (status == null) {
            gate.idle(work());
            deadline.check();
            status = asked.answer(ticket);
        }
        if (status.standing() != RoundStatus.Standing.UNKNOWN) {
            throw new IllegalStateException("the group answered " + status + " about a round that never was");
        }
    }

    @Override
    public void rest() {
        int turns = 0;
        while (work() > 0 && turns < REST_TURNS_MAX) {
            turns++;
        }
    }

    @Override
    public String description() {
        return "pBFT: four peers, ordered questions asked at a backup, "
                + (isDurable ? "each vote behind a forced write" : "memory-only") + ", frames with MACs, requests "
                + requests + " ("
                + Ed25519Provider.choose().providerName() + "), threading "
                + threading.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(Arrays.asList(engines));
    }

    /** One turn of every engine that has no thread of its own. */
    private int work() {
        int workCount = 0;
        if (threading == ThreadingMode.INVOKER) {
            for (final ConsensusEngine engine : engines) {
                workCount += engine.doWork();
            }
        }
        return workCount;
    }
}
