// EngineSimulator
