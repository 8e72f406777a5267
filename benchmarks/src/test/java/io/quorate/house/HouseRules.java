package io.quorate.house;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import java.time.Clock;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The house as rules over compiled classes: what may import what, and what a protocol room may not touch. Each rule takes
 * the root package, so that the same rule can be run over the fixtures that break it.
 */
final class HouseRules {
    /** Rooms of the engine that are plain objects: no thread, clock, random source, file or socket of their own. */
    private static final String[] PROTOCOL_ROOMS = {
        "pbft",
        "transfer",
        "pacing",
        "evidence",
        "epoch",
        "membership",
        "gossip",
        "dht",
        "work",
        "coordination",
        "decision",
        "delivery",
        "reading",
        "quorum",
        "ordering",
        "byzantine",
        "checker"
    };

    /** Room of the engine -> rooms it may import. A new room is added here, at its place from the ground up. */
    private static final Map<String, String[]> ROOMS = new LinkedHashMap<>();

    static {
        ROOMS.put("metrics", new String[] {});
        ROOMS.put("quorum", new String[] {});
        ROOMS.put("ordering", new String[] {});
        ROOMS.put("journal", new String[] {"metrics"});
        ROOMS.put("gossip", new String[] {"pacing", "metrics"});
        ROOMS.put("membership", new String[] {"gossip", "quorum", "metrics"});
        ROOMS.put("dht", new String[] {"membership", "metrics"});
        ROOMS.put("work", new String[] {"membership", "dht", "metrics"});
        ROOMS.put("reading", new String[] {"ordering", "quorum", "metrics"});
        ROOMS.put("transfer", new String[] {"ordering", "metrics"});
        ROOMS.put("pacing", new String[] {"metrics"});
        ROOMS.put("verification", new String[] {"ordering"});
        ROOMS.put("evidence", new String[] {"ordering", "metrics"});
        ROOMS.put("epoch", new String[] {"ordering", "quorum", "transfer", "pacing", "metrics"});
        ROOMS.put("pbft", new String[] {
            "ordering", "quorum", "journal", "transfer", "pacing", "verification", "evidence", "membership", "metrics"
        });
        ROOMS.put("raft", new String[] {"ordering", "metrics"});
        ROOMS.put("learning", new String[] {"metrics"});
        ROOMS.put("coordination", new String[] {"quorum", "learning", "metrics"});
        ROOMS.put("decision", new String[] {"ordering", "quorum", "coordination", "learning", "membership", "metrics"});
        ROOMS.put("delivery", new String[] {"decision", "pacing", "coordination", "metrics"});
        ROOMS.put("byzantine", new String[] {"ordering"});
        ROOMS.put("checker", new String[] {});
        ROOMS.put("virtual", new String[] {});
        ROOMS.put("mesh", new String[] {"virtual", "membership", "gossip", "quorum", "metrics"});
        ROOMS.put("node", new String[] {"membership", "gossip", "metrics"});
        ROOMS.put("disk", new String[] {"journal", "checker", "metrics"});
        ROOMS.put("simulator", new String[] {
            "byzantine",
            "checker",
            "virtual",
            "disk",
            "metrics",
            "quorum",
            "ordering",
            "journal",
            "gossip",
            "membership",
            "dht",
            "work",
            "transfer",
            "pacing",
            "verification",
            "evidence",
            "epoch",
            "pbft",
            "reading",
            "learning",
            "coordination",
            "decision"
        });
    }

    private HouseRules() {}

    static ArchRule modulesPointDown(final String root) {
        return all(
                "kernels and transport know neither each other nor what stands on them",
                noClasses()
                        .that()
                        .resideInAPackage(root + ".kernels..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(root + ".transport..", root + ".engine..", root + ".peer.."),
                noClasses()
                        .that()
                        .resideInAPackage(root + ".transport..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(root + ".kernels..", root + ".engine..", root + ".peer.."),
                noClasses()
                        .that()
                        .resideInAPackage(root + ".engine..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(root + ".peer..", root + ".benchmarks.."),
                noClasses()
                        .that()
                        .resideInAPackage(root + ".peer..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(root + ".benchmarks.."));
    }

    static ArchRule librariesStayInTheirRooms(final String root) {
        return all(
                "each outside library has its room",
                only(
                        "jdk.incubator.vector..",
                        root + ".kernels.simd..",
                        root + ".benchmarks.compare..",
                        root + ".benchmarks.unordered.."),
                only(
                        "io.aeron..",
                        root + ".transport.aeron..",
                        root + ".engine.raft..",
                        root + ".engine.journal..",
                        root + ".benchmarks.."),
                only("net.openhft..", root + ".engine.learning.."),
                only("javax.crypto..", root + ".transport.auth.."),
                only("org.bouncycastle..", root + ".transport.auth.."),
                only("com.amazon.corretto..", root + ".transport.auth.."),
                only("picocli..", root + ".peer.."),
                only("tools.jackson..", root + ".peer..", root + ".benchmarks.."),
                only("com.sun.net.httpserver..", root + ".peer.."));
    }

    static ArchRule consoleStaysInTheProgram(final String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackages(root + ".peer..", root + ".benchmarks..", root + ".house..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(System.class, "exit", int.class);
    }

    static ArchRule roomsPointDown(final String root) {
        final CompositeArchRule[] rule = {null};
        ROOMS.forEach((room, allowed) -> {
            final String[] forbidden = ROOMS.keySet().stream()
                    .filter(other ->
                            !other.equals(room) && !Arrays.asList(allowed).contains(other))
                    .map(other -> root + ".engine." + other + "..")
                    .toArray(String[]::new);
            final String[] upper = Arrays.copyOf(forbidden, forbidden.length + 2);
            upper[forbidden.length] = root + ".engine.agent..";
            upper[forbidden.length + 1] = root + ".engine";
            final ArchRule one = noClasses()
                    .that()
                    .resideInAPackage(root + ".engine." + room + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(upper);
            rule[0] = rule[0] == null ? CompositeArchRule.of(one) : rule[0].and(one);
        });
        return rule[0].and(noClasses()
                        .that()
                        .resideInAPackage(root + ".engine.agent..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(root + ".engine", root + ".engine.simulator.."))
                .and(noClasses()
                        .that()
                        .resideInAPackage(root + ".engine.simulator..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(root + ".transport.aeron.."))
                .allowEmptyShould(true);
    }

    static ArchRule everyRoomIsKnown(final String root) {
        final String[] known =
                ROOMS.keySet().stream().map(room -> root + ".engine." + room).toArray(String[]::new);
        final String[] all = Arrays.copyOf(known, known.length + 2);
        all[known.length] = root + ".engine.agent";
        all[known.length + 1] = root + ".engine";
        return classes()
                .that()
                .resideInAPackage(root + ".engine..")
                .should()
                .resideInAnyPackage(all)
                .as("rooms of the engine are those of the design, one level deep");
    }

    static ArchRule protocolRoomsAreSansIo(final String root) {
        final String[] rooms = Arrays.stream(PROTOCOL_ROOMS)
                .map(room -> root + ".engine." + room + "..")
                .toArray(String[]::new);
        return all(
                "protocol rooms own no thread, clock, random source, file or socket",
                noClasses()
                        .that()
                        .resideInAnyPackage(rooms)
                        .should()
                        .dependOnClassesThat(resideInAnyPackage(
                                "java.util.concurrent..",
                                "java.io..",
                                "java.nio.file..",
                                "java.nio.channels..",
                                "java.net..",
                                "java.lang.System$Logger..",
                                "java.util.logging..",
                                "org.slf4j..",
                                root + ".transport.aeron..",
                                root + ".transport.loopback..")),
                noClasses()
                        .that()
                        .resideInAnyPackage(rooms)
                        .should()
                        .dependOnClassesThat()
                        .belongToAnyOf(Thread.class, Clock.class, java.security.SecureRandom.class),
                noClasses()
                        .that()
                        .resideInAnyPackage(rooms)
                        .should()
                        .callMethod(System.class, "nanoTime")
                        .orShould()
                        .callMethod(System.class, "currentTimeMillis")
                        .orShould()
                        .callMethod(System.class, "identityHashCode", Object.class)
                        .orShould()
                        .callMethod(Math.class, "random"));
    }

    static ArchRule roomsHaveNoCircles(final String root) {
        return slices().matching(root + ".(*).(*)..").should().beFreeOfCycles();
    }

    private static ArchRule only(final String library, final String... homes) {
        return noClasses()
                .that(not(resideInAnyPackage(homes)))
                .should()
                .dependOnClassesThat(resideInAPackage(library))
                .as(library + " is used only in " + String.join(", ", homes));
    }

    private static ArchRule all(final String description, final ArchRule first, final ArchRule... others) {
        CompositeArchRule rule = CompositeArchRule.of(first);
        for (final ArchRule other : others) {
            rule = rule.and(other);
        }
        return rule.as(description).allowEmptyShould(true);
    }
}
