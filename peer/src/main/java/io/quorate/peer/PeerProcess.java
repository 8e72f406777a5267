package io.quorate.peer;

import io.quorate.engine.ConsensusEngine;
import io.quorate.engine.EngineContext;
import io.quorate.engine.GroupSettings;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.peer.admin.AdminServer;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A peer as a process: its data folder, its engine and its admin socket, from start to stop. */
public final class PeerProcess implements AutoCloseable {
    private static final long WATCH_MS = 200;

    private final PeerConfig config;
    private final DataDirectory data;
    private final ConsensusEngine engine;
    private final AdminServer admin;
    private final CountDownLatch stopRequested = new CountDownLatch(1);

    private PeerProcess(
            final PeerConfig config,
            final List<PeerIdentity> identities,
            final GroupSettings settings,
            final DataDirectory data)
            throws IOException {
        this.config = config;
        this.data = data;
        final EngineContext context = new EngineContext()
                .rosterFile(config.rosterFile())
                .identity(identities.getFirst())
                .listen(config.listen())
                .dataDirectory(data.folder())
                .memoryOnly(config.memoryOnly());
        identities.stream().skip(1).forEach(context::otherIdentity);
        if (config.beforeFile() != null) {
            context.rosterBefore(Roster.read(config.beforeFile()));
        }
        if (config.threading() != null) {
            context.threadingMode(config.threading());
        }
        engine = ConsensusEngine.launch(context);
        try {
            admin = AdminServer.launch(
                    data.folder(), new PeerAdmin(engine, settings.coordinator().dimension(), this::requestStop));
        } catch (final IOException | RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /** Checks what was given, then locks the data folder, opens the links and the admin socket. */
    public static PeerProcess launch(final PeerConfig config) throws IOException {
        AdminServer.requireUsable(config.dataFolder());
        final List<PeerIdentity> identities = new ArrayList<>();
        for (final Path keyFile : config.keyFiles()) {
            identities.add(PeerIdentity.load(keyFile));
        }
        final Roster roster = Roster.read(config.rosterFile());
        final GroupSettings settings = GroupSettings.of(roster);
        if (identities.stream().noneMatch(one -> roster.idOf(one.publicKey()) >= 0)) {
            throw new IllegalArgumentException("the key " + config.keyFiles().getFirst() + " ("
                    + identities.getFirst().fingerprint() + ") is not in the roster " + config.rosterFile());
        }
        final DataDirectory data = DataDirectory.open(config.dataFolder());
        try {
            return new PeerProcess(config, identities, settings, data);
        } catch (final IOException | RuntimeException e) {
            data.close();
            throw e;
        }
    }

    /** Who this is and where it listens. */
    public Map<String, Object> describe() throws InterruptedException {
        final EngineStatus status = PeerAdmin.statusOf(engine);
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("event", "ready");
        fields.put("peer", status.peerId());
        fields.put("name", status.peerName());
        fields.put("listen", config.listen());
        fields.put(
                "port",
                Integer.parseInt(config.listen().substring(config.listen().lastIndexOf(':') + 1)));
        fields.put("fingerprint", engine.roster().peer(status.peerId()).fingerprint());
        fields.put("group", status.group());
        fields.put("epoch", status.epoch());
        fields.put("state", status.progress().state());
        fields.put("memoryOnly", config.memoryOnly());
        fields.put("journal", status.journal().found());
        fields.put("voting", status.isVoting());
        fields.put("crypto", status.cryptoProvider());
        final MembershipContext membership =
                GroupSettings.of(engine.roster()).membership(engine.roster(), status.peerId());
        fields.put("membership", membership == null ? "off" : membership.predicted());
        final Map<String, Object> kernel = new LinkedHashMap<>();
        kernel.put("name", status.kernelName());
        kernel.put("bits", status.kernelBits());
        fields.put("kernel", kernel);
        return fields;
    }

    /** Asks the process to stop; from any thread. */
    public void requestStop() {
        stopRequested.countDown();
    }

    /**
     * Returns after {@link #requestStop()}.
     *
     * @throws IllegalStateException if the engine stops by itself, which it does only if an invariant is broken
     */
    public void awaitStop() throws InterruptedException {
        while (!stopRequested.await(WATCH_MS, TimeUnit.MILLISECONDS)) {
            if (engine.hasFailed()) {
                PeerAdmin.statusOf(engine);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try (data) {
            admin.close();
            engine.close();
        }
    }
}
