package io.quorate.engine;

import java.lang.module.ModuleFinder;

/** Finds missing JVM flags at launch, where the error can say what to add. */
final class LaunchChecks {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";
    private static final String AGRONA_PACKAGE = "jdk.internal.misc";

    private LaunchChecks() {}

    /** @throws IllegalStateException that prints the missing flags */
    static void requireJvmFlags() {
        final StringBuilder missing = new StringBuilder();
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()
                && ModuleFinder.ofSystem().find(VECTOR_MODULE).isPresent()) {
            missing.append(" --add-modules=").append(VECTOR_MODULE);
        }
        if (!Object.class.getModule().isExported(AGRONA_PACKAGE, LaunchChecks.class.getModule())) {
            missing.append(" --add-exports=java.base/").append(AGRONA_PACKAGE).append("=ALL-UNNAMED");
        }
        if (!missing.isEmpty()) {
            throw new IllegalStateException("Quorate needs JVM flags that are missing; add:" + missing
                    + " (native-profiles/base.args holds all of them)");
        }
    }
}
