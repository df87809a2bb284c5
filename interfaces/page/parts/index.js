export { ConsignmentsTable, decides } from "./consignments.js";
export { DecisionForm } from "./decision.js";
export { read } from "./gate_api.js";
export { InspectionView } from "./inspection.js";
export { GateMap } from "./map.js";
export { KINDS, kindOf } from "./looks.js";
export { OrdersTable, StationsTable, VehiclesTable } from "./tables.js";
export { age, clock, linkWords, offset, OPEN_STATES, OrderList, words } from "./words.js";
