// What each role may ask the server for. The server refuses the rest in any case: this decides only what is shown.
// A test compares every line with the server's own annotations.
const TABLE = `
GET    /overview                      operator key-custodian approver auditor eraser
GET    /jobs                          operator key-custodian approver auditor eraser
GET    /keys                          key-custodian operator approver auditor
GET    /keys/{version}                key-custodian operator approver auditor
GET    /keys/{version}/usage          key-custodian operator approver auditor
POST   /keys/{version}:destroy        key-custodian
GET    /keys/{version}/destruction    key-custodian operator approver auditor
GET    /keys/{version}/certificate    key-custodian operator approver auditor
POST   /rotations                     key-custodian
GET    /rotations/{rotation}          key-custodian operator approver auditor
PATCH  /rotations/{rotation}          key-custodian operator
POST   /rotations/{rotation}:pause    key-custodian operator
POST   /rotations/{rotation}:resume   key-custodian operator
POST   /rotations/{rotation}:cancel   key-custodian
GET    /quarantine                    auditor operator
POST   /quarantine/{row}:retry        operator
POST   /quarantine/{row}:release      key-custodian
GET    /approvals                     key-custodian operator approver auditor
POST   /approvals/{approval}:approve  approver
POST   /approvals/{approval}:reject   approver
POST   /approvals/{approval}:cancel   approver key-custodian
GET    /copies                        key-custodian operator approver auditor
POST   /copies                        operator
POST   /copies/{copy}:destroyed       operator
GET    /schedules                     key-custodian operator approver auditor
PUT    /schedules/rotation            operator
PUT    /schedules/retention           operator
GET    /standing-policies             key-custodian operator approver auditor
POST   /standing-policies             key-custodian
GET    /erasures/recent               eraser auditor
GET    /erasures/{erasure}            eraser auditor
POST   /erasures                      eraser
GET    /erasures/bulk/{bulk}          eraser auditor operator
GET    /erasures/bulk/{bulk}/receipts eraser auditor
GET    /erasures/bulk/{bulk}/left     eraser auditor
POST   /erasures/bulk/{bulk}:pause    eraser operator
POST   /erasures/bulk/{bulk}:resume   eraser operator
POST   /erasures/bulk/{bulk}:cancel   eraser
GET    /policies                      enroller reader eraser key-custodian approver auditor operator
PUT    /policies/{policy}             eraser
GET    /holds                         eraser auditor
GET    /subjects/{subject}            enroller reader eraser auditor
POST   /subjects:search               enroller reader eraser
DELETE /subjects/{subject}            eraser
GET    /subjects/{subject}/hold       eraser auditor
PUT    /subjects/{subject}/hold       eraser
DELETE /subjects/{subject}/hold       eraser
GET    /audit                         auditor
POST   /audit:verify                  auditor
GET    /audit/export                  auditor
GET    /audit/checkpoints             auditor operator
GET    /audit/keys                    auditor operator
GET    /audit/retention               auditor operator
`;

const ALLOWED = new Map(TABLE.trim().split('\n').map((line) => {
  const [method, path, ...roles] = line.split(/\s+/);
  return [`${method} ${path}`, roles];
}));

/** Whether one of these roles may call this; a method and a path that the table has. */
export function allows(roles, call) {
  const allowed = ALLOWED.get(call);
  if (!allowed) throw new Error(`No line for ${call}`);
  return allowed.some((role) => roles.includes(role));
}
