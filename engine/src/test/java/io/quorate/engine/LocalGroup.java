package io.quorate.engine;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.agrona.CloseHelper;

/** A group of engines in one process, each with its own driver and folder, on loopback UDP. */
final class LocalGroup implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<PeerIdentity> identities = new ArrayList<>();
    private final ConsensusEngine[] engines;
    private final Path folder;
    private final Roster roster;
    private final UnaryOperator<EngineContext> customisation;

    LocalGroup(
            final Path folder,
            final int peerCount,
            final Map<String, String> settings,
            final UnaryOperator<EngineContext> customisation)
            throws IOException {
        this.folder = folder;
        this.customisation = customisation;
        final int[] ports = freePorts(peerCount);
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < peerCount; id++) {
            final PeerIdentity identity = PeerIdentity.generate(new SecureRandom());
            identities.add(identity);
            peers.add(new Roster.Peer(id, "peer-" + id, "127.0.0.1", ports[id], identity.publicKey()));
        }
        roster = Roster.of(1, peers, settings);
        engines = new ConsensusEngine[peerCount];
        for (int id = 0; id < peerCount; id++) {
            start(id);
        }
    }

    void start(final int id) {
        engines[id] = ConsensusEngine.launch(customisation.apply(new EngineContext()
                .roster(roster)
                .identity(identities.get(id))
                .dataDirectory(folder.resolve("peer-" + id))
                .memoryOnly(true)
                .threadingMode(ThreadingMode.SHARED)));
    }

    void stop(final int id) {
        engines[id].close();
        engines[id] = null;
    }

    Roster roster() {
        return roster;
    }

    PeerIdentity identity(final int id) {
        return identities.get(id);
    }

    ConsensusEngine engine(final int id) {
        return engines[id];
    }

    /** Every running peer contributes; every running peer's certified decision. */
    List<CertifiedDecision> decide(final String round, final Vectors vectors, final Answers answers)
            throws TimeoutException, InterruptedException {
        for (int id = 0; id < engines.length; id++) {
            if (engines[id] != null) {
                engines[id].contribute(round, vectors.of(id), answers.of(id));
            }
        }
        final List<CertifiedDecision> decisions = new ArrayList<>();
        for (final ConsensusEngine engine : engines) {
            if (engine != null) {
                decisions.add(engine.awaitDecision(round, PATIENCE));
            }
        }
        return decisions;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(Arrays.asList(engines));
    }

    private static int[] freePorts(final int count) throws IOException {
        final List<DatagramSocket> sockets = new ArrayList<>();
        try {
            final int[] ports = new int[count];
            for (int i = 0; i < count; i++) {
                final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                sockets.add(socket);
                ports[i] = socket.getLocalPort();
            }
            return ports;
        } finally {
            sockets.forEach(DatagramSocket::close);
        }
    }

    /** A peer's vector. */
    @FunctionalInterface
    interface Vectors {
        float[] of(int peerId);
    }

    /** A peer's answer. */
    @FunctionalInterface
    interface Answers {
        String of(int peerId);
    }
}
